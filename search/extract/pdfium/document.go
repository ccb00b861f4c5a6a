package pdfium

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/tetratelabs/wazero/api"
)

var (
	// ErrPassword: the file can't be read without its password.
	ErrPassword = errors.New("pdfium: a password is needed")
	// ErrDamaged: the file isn't a PDF that PDFium can read.
	ErrDamaged = errors.New("pdfium: damaged")
	// ErrMemory: reading needs more memory than Options.Memory.
	ErrMemory = errors.New("pdfium: out of memory")
)

// FPDF_GetLastError (fpdfview.h).
const (
	fpdfPassword = 4
	fpdfSecurity = 5
)

// maxPageChars bounds the text of one page, in UTF-16 units: a book page holds about 3,000.
const maxPageChars = 4 << 20

// Document is an open PDF file. It is not safe for concurrent use.
type Document struct {
	instance api.Module
	source   *source
	handle   uint64
	buffer   uint64 // address of a buffer in the instance's memory
	capacity uint64 // its size in bytes
}

func (d *Document) load(ctx context.Context) error {
	if _, err := d.call(ctx, "FPDF_InitLibrary"); err != nil {
		return err
	}
	path, err := d.reserve(ctx, uint64(len(sourcePath)+1))
	if err != nil {
		return err
	}
	d.instance.Memory().WriteString(uint32(path), sourcePath+"\x00")
	d.handle, err = d.call(ctx, "FPDF_LoadDocument", path, 0)
	if err != nil {
		return err
	}
	if d.handle == 0 {
		return d.loadError(ctx)
	}
	return nil
}

func (d *Document) loadError(ctx context.Context) error {
	code, err := d.call(ctx, "FPDF_GetLastError")
	switch {
	case err != nil:
		return err
	case code == fpdfPassword || code == fpdfSecurity:
		return ErrPassword
	case d.source.full:
		return ErrMemory
	}
	return fmt.Errorf("%w: error %d at opening", ErrDamaged, code)
}

// Close frees the instance's whole memory.
func (d *Document) Close(ctx context.Context) {
	// The instance is dropped with everything in it, so an error here leaves nothing behind.
	_ = d.instance.Close(ctx)
}

// Pages is the number of pages of the document; a damaged one may have none.
func (d *Document) Pages(ctx context.Context) (int, error) {
	count, err := d.call(ctx, "FPDF_GetPageCount", d.handle)
	return max(0, int(int32(count))), err
}

// Title is what the document's information dictionary says, or "".
func (d *Document) Title(ctx context.Context) (string, error) {
	const key = "Title\x00"
	tag, err := d.reserve(ctx, 4096)
	if err != nil {
		return "", err
	}
	d.instance.Memory().WriteString(uint32(tag), key)
	room := d.capacity - uint64(len(key)) - 2
	target := tag + uint64(len(key))
	size, err := d.call(ctx, "FPDF_GetMetaText", d.handle, tag, target, room)
	if err != nil || size < 2 || size > room {
		return "", err
	}
	return d.readUTF16(target, (size-2)/2)
}

// PageText is the text of one page, counted from 0, in reading order with a line feed at line ends.
// Words cut by a hyphen at the end of a line are joined. A page that can't be read gives ErrDamaged.
func (d *Document) PageText(ctx context.Context, number int) (string, error) {
	page, err := d.call(ctx, "FPDF_LoadPage", d.handle, uint64(number))
	if err != nil {
		return "", err
	}
	if page == 0 {
		return "", fmt.Errorf("%w: page %d", d.kind(), number+1)
	}
	text, err := d.loadedText(ctx, page)
	if _, closeErr := d.call(ctx, "FPDF_ClosePage", page); err == nil {
		err = closeErr
	}
	return text, err
}

func (d *Document) loadedText(ctx context.Context, page uint64) (string, error) {
	text, err := d.call(ctx, "FPDFText_LoadPage", page)
	if err != nil {
		return "", err
	}
	if text == 0 {
		return "", fmt.Errorf("%w: text of a page", d.kind())
	}
	content, err := d.characters(ctx, text)
	if _, closeErr := d.call(ctx, "FPDFText_ClosePage", text); err == nil {
		err = closeErr
	}
	return content, err
}

func (d *Document) characters(ctx context.Context, text uint64) (string, error) {
	count, err := d.call(ctx, "FPDFText_CountChars", text)
	if err != nil || int32(count) <= 0 {
		return "", err
	}
	count = min(count, maxPageChars)
	// FPDFText_GetText writes 2 bytes a character and may write a surrogate pair for one (fpdf_text.h).
	buffer, err := d.reserve(ctx, 4*(count+1))
	if err != nil {
		return "", err
	}
	written, err := d.call(ctx, "FPDFText_GetText", text, 0, count, buffer)
	if err != nil || int32(written) <= 1 {
		return "", err
	}
	return d.readUTF16(buffer, min(written-1, 2*count))
}

// reserve gives the address of at least size bytes, valid until the next reserve.
func (d *Document) reserve(ctx context.Context, size uint64) (uint64, error) {
	if size <= d.capacity {
		return d.buffer, nil
	}
	if d.buffer != 0 {
		if _, err := d.call(ctx, "free", d.buffer); err != nil {
			return 0, err
		}
	}
	address, err := d.call(ctx, "malloc", size)
	if err == nil && address == 0 {
		err = ErrMemory
	}
	d.buffer, d.capacity = address, size
	if err != nil {
		d.buffer, d.capacity = 0, 0
	}
	return address, err
}

// readUTF16 decodes count little-endian UTF-16 units at an address. PDFium marks a hyphen that cuts a word
// at a line's end with U+0002 or U+FFFE: it is dropped with the line end, so that the word is whole.
func (d *Document) readUTF16(address, count uint64) (string, error) {
	raw, ok := d.instance.Memory().Read(uint32(address), uint32(2*count))
	if !ok {
		return "", fmt.Errorf("%w: text outside the memory", ErrDamaged)
	}
	units := make([]uint16, 0, count)
	joining := false
	for i := 0; i+1 < len(raw); i += 2 {
		unit := binary.LittleEndian.Uint16(raw[i:])
		switch {
		case unit == 0x0002 || unit == 0xFFFE:
			joining = true
		case joining && (unit == '\r' || unit == '\n'):
		case unit == 0:
			joining = false
		default:
			joining = false
			units = append(units, unit)
		}
	}
	return string(utf16.Decode(units)), nil
}

// call runs an exported function. A trap inside PDFium is ErrDamaged, or ErrMemory when it was refused memory.
func (d *Document) call(ctx context.Context, name string, params ...uint64) (uint64, error) {
	function := d.instance.ExportedFunction(name)
	if function == nil {
		return 0, fmt.Errorf("pdfium: the module has no function %s", name)
	}
	results, err := function.Call(d.withSource(ctx), params...)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %v", d.kind(), name, err)
	}
	if len(results) == 0 {
		return 0, nil
	}
	return results[0], nil
}

func (d *Document) kind() error {
	if d.source.full {
		return ErrMemory
	}
	return ErrDamaged
}

func (d *Document) withSource(ctx context.Context) context.Context {
	return context.WithValue(ctx, sourceKey{}, d.source)
}
