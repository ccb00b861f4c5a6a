package sso

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// picture is a QR code as the page draws it: a path of unit squares in a square
// of Size, its quiet zone included (ISO/IEC 18004 §6.3.8).
type picture struct {
	Size int
	Path string
}

const quietZone = 4

func newPicture(text string) (picture, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return picture{}, fmt.Errorf("sso: draw QR code: %w", err)
	}
	side := code.Bounds().Dx()
	var path strings.Builder
	for y := range side {
		for x := range side {
			if code.At(x, y) == color.Black {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quietZone, y+quietZone)
			}
		}
	}
	return picture{side + 2*quietZone, path.String()}, nil
}
