package directory

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"golang.org/x/image/draw"
	"golang.org/x/image/riff"
	"golang.org/x/image/vp8l"
	"golang.org/x/image/webp"

	"parvis/portal"
)

// The sides of photographs, in pixels: in lists, on telephones, on the card's page.
const (
	PhotoSmall  = 96
	PhotoMedium = 192
	PhotoLarge  = 384
	// PhotoWhole is the longer side of one of something, on which damage is seen.
	PhotoWhole = 1280
)

// photoSides lists them.
var photoSides = []int{PhotoSmall, PhotoMedium, PhotoLarge}

const (
	// MaxPhoto bounds the file that is sent, in bytes.
	MaxPhoto = 8 << 20
	// maxPixels bounds what a file unfolds to: at 8 bytes each, 200 MB, of one file at a time.
	maxPixels = 25_000_000
	// maxProgressive is the same of a JPEG in several scans, at 15 bytes each: all its
	// coefficients are kept until the last.
	maxProgressive = 13_000_000
	// maxScans bounds how many times a JPEG goes over its picture: a few bytes ask for
	// one, and it takes as long as the picture is large. Programs write about ten.
	maxScans = 64
	// leastSide is that of a picture on which a face can be told.
	leastSide = 96
)

// decoding lets one picture be unfolded at a time: each takes much memory.
var decoding = make(chan struct{}, 1)

// pictures makes of a file the square photographs that are kept, by their sides:
// JPEG written anew, with nothing in it but what is seen. The middle is kept, of a
// high picture rather its top.
func pictures(ctx context.Context, octets []byte) (map[int][]byte, error) {
	whole, err := unfolded(ctx, octets, leastSide, 2*PhotoLarge, image.White)
	if err != nil {
		return nil, err
	}
	square := squared(whole)
	kept := make(map[int][]byte, len(photoSides))
	for _, side := range photoSides {
		if kept[side], err = scaled(square, side, side); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// scaled is a picture of another size, as JPEG.
func scaled(picture image.Image, width, height int) ([]byte, error) {
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(to, to.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	var file bytes.Buffer
	err := jpeg.Encode(&file, to, &jpeg.Options{Quality: 85})
	return file.Bytes(), err
}

// unfolded is the picture of a file, upright, whose shorter side is at least least
// pixels in the file and at most most here. What is transparent lies on ground.
func unfolded(ctx context.Context, octets []byte, least, most int, ground image.Image) (*image.RGBA, error) {
	select {
	case decoding <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-decoding }()
	whole, err := unfold(octets, least)
	if err != nil {
		return nil, err
	}
	return turned(shrunk(whole, most, ground), orientation(octets)), nil
}

// unfold decodes a picture once it is known to be of a kind and a size that we take.
func unfold(octets []byte, least int) (image.Image, error) {
	var size func(octets []byte) (image.Config, error)
	var picture func(octets []byte) (image.Image, error)
	most := maxPixels
	switch http.DetectContentType(octets) {
	case "image/jpeg":
		size, picture = reading(jpeg.DecodeConfig), reading(jpeg.Decode)
		scans, progressive := scansOf(octets)
		if scans > maxScans {
			return nil, portal.Invalid("file", "directory.error.photo.broken")
		}
		if progressive {
			most = maxProgressive
		}
	case "image/png":
		size, picture = reading(png.DecodeConfig), reading(png.Decode)
	case "image/webp":
		size, picture = reading(webpConfig), reading(webp.Decode)
	default:
		return nil, portal.Invalid("file", "directory.error.photo.kind")
	}
	config, err := size(octets)
	switch {
	case err != nil:
		return nil, portal.Invalid("file", "directory.error.photo.broken")
	case config.Width > most/max(1, config.Height):
		return nil, portal.Invalid("file", "directory.error.photo.pixels")
	case min(config.Width, config.Height) < least:
		return nil, portal.Invalid("file", "directory.error.photo.small", "side", least)
	}
	decoded, err := picture(octets)
	if err != nil {
		return nil, portal.Invalid("file", "directory.error.photo.broken")
	}
	return decoded, nil
}

// reading makes a decoder read octets.
func reading[T any](decode func(io.Reader) (T, error)) func([]byte) (T, error) {
	return func(octets []byte) (T, error) { return decode(bytes.NewReader(octets)) }
}

// scansOf counts the scans of a JPEG, and says whether they make its picture better and
// better (ITU-T T.81 §B.1.1).
func scansOf(file []byte) (scans int, progressive bool) {
	const start, end, scan, frame2, fill, temporary = 0xd8, 0xd9, 0xda, 0xc2, 0xff, 0x01
	for {
		at := bytes.IndexByte(file, 0xff)
		if at < 0 || at+1 >= len(file) {
			return scans, progressive
		}
		marker := file[at+1]
		file = file[at+1:]
		switch {
		case marker == end:
			return scans, progressive
		case marker == scan:
			scans++
			file = file[1:]
		case marker == fill:
		case marker == 0 || marker == temporary || 0xd0 <= marker && marker <= start: // stuffed, or without a length
			file = file[1:]
		case len(file) < 3:
			return scans, progressive
		default:
			progressive = progressive || marker == frame2
			file = file[min(len(file), 1+int(binary.BigEndian.Uint16(file[1:]))):]
		}
	}
}

// webpConfig is the size of the picture itself: a lossless one is unfolded before it
// is compared with what the file says of all of it.
func webpConfig(file io.Reader) (image.Config, error) {
	var head bytes.Buffer
	whole, err := webp.DecodeConfig(io.TeeReader(file, &head))
	if err != nil {
		return whole, err
	}
	_, chunks, err := riff.NewReader(io.MultiReader(&head, file))
	for err == nil {
		var kind riff.FourCC
		var data io.Reader
		switch kind, _, data, err = chunks.Next(); {
		case err == nil && kind == riff.FourCC{'V', 'P', '8', 'L'}:
			return vp8l.DecodeConfig(data)
		case kind == riff.FourCC{'V', 'P', '8', ' '}:
			return whole, nil // it is compared first
		}
	}
	return whole, err
}

// shrunk is a picture whose shorter side is at most most, on a ground where it is
// transparent.
func shrunk(whole image.Image, most int, ground image.Image) *image.RGBA {
	from := whole.Bounds()
	width, height := from.Dx(), from.Dy()
	if short := min(width, height); short > most {
		width, height = max(1, width*most/short), max(1, height*most/short)
	}
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(to, to.Bounds(), ground, image.Point{}, draw.Src)
	draw.BiLinear.Scale(to, to.Bounds(), whole, from, draw.Over, nil)
	return to
}

// turned puts a picture upright by the orientation of its file, 1 to 8 (EXIF 2.3,
// tag 0x0112).
func turned(picture *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return picture
	}
	width, height := picture.Bounds().Dx(), picture.Bounds().Dy()
	across, down := width, height
	if orientation > 4 {
		across, down = height, width
	}
	upright := image.NewRGBA(image.Rect(0, 0, across, down))
	for y := range down {
		for x := range across {
			upright.SetRGBA(x, y, at(picture, orientation, x, y, width-1, height-1))
		}
	}
	return upright
}

// at is the dot of a picture that stands at a place of the upright one.
func at(picture *image.RGBA, orientation, x, y, right, bottom int) color.RGBA {
	switch orientation {
	case 2:
		return picture.RGBAAt(right-x, y)
	case 3:
		return picture.RGBAAt(right-x, bottom-y)
	case 4:
		return picture.RGBAAt(x, bottom-y)
	case 5:
		return picture.RGBAAt(y, x)
	case 6:
		return picture.RGBAAt(y, bottom-x)
	case 7:
		return picture.RGBAAt(right-y, bottom-x)
	default: // 8
		return picture.RGBAAt(right-y, x)
	}
}

// squared cuts a square out of a picture: faces are in the middle, and above it on
// high pictures.
func squared(picture *image.RGBA) *image.RGBA {
	width, height := picture.Bounds().Dx(), picture.Bounds().Dy()
	side := min(width, height)
	left, top := (width-side)/2, (height-side)/4
	return picture.SubImage(image.Rect(left, top, left+side, top+side)).(*image.RGBA)
}

// orientation reads how the camera was held, 1 when the file does not say: in the
// APP1 of JPEG, in the EXIF chunk of WebP and of PNG.
func orientation(octets []byte) int {
	const tag = 0x0112
	start := bytes.Index(octets, []byte("Exif\x00\x00"))
	switch {
	case start >= 0:
		start += len("Exif\x00\x00")
	default:
		start = bytes.Index(octets, []byte("eXIf"))
		if start < 0 {
			start = bytes.LastIndex(octets, []byte("EXIF"))
			start += 4 // the length of the chunk
		}
		start += 4
	}
	if start < 8 || len(octets)-start < 14 {
		return 1
	}
	tiff := octets[start:]
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	first := uint64(order.Uint32(tiff[4:]))
	if first+2 > uint64(len(tiff)) {
		return 1
	}
	for entries, n := tiff[first+2:], int(order.Uint16(tiff[first:])); n > 0 && len(entries) >= 12; entries, n = entries[12:], n-1 {
		if order.Uint16(entries) == tag {
			return int(order.Uint16(entries[8:]))
		}
	}
	return 1
}
