package pdfium

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// drawing are functions of OpenJPEG that only drawing a page calls, by their place in the code section and the
// size of their body in bytes. They are 5 % of the module, yet compiling them alone takes wazero 40 MB, as much
// as all the rest.
var drawing = []struct{ number, size int }{
	{3594, 24877}, // opj_j2k_decode_tile and what is inlined in it
	{3686, 86394}, // opj_t1_clbl_decode_processor, which decodes one code block
}

// Of the WebAssembly binary format (core specification, §5).
const (
	headerSize    = 8 // magic number and version
	codeSection   = 10
	opUnreachable = 0x00
	opNop         = 0x01
	opEnd         = 0x0B
)

var errOtherModule = errors.New("this module is not the one that trim knows")

// trim makes the functions of drawing traps. All sizes and offsets of the module stay the same.
func trim(module []byte) error {
	for _, function := range drawing {
		body, err := functionBody(module, function.number)
		if err != nil {
			return err
		}
		if len(body) != function.size {
			return errOtherModule
		}
		copy(body, bytes.Repeat([]byte{opNop}, len(body)))
		body[0], body[1], body[len(body)-1] = 0, opUnreachable, opEnd // no locals, the trap, the end
	}
	return nil
}

// functionBody is the part of the module that holds its number-th function, counted without imports.
func functionBody(module []byte, number int) ([]byte, error) {
	if len(module) < headerSize {
		return nil, errOtherModule
	}
	for rest := module[headerSize:]; len(rest) > 0; {
		kind := rest[0]
		section, after, err := sized(rest[1:])
		if err != nil {
			return nil, err
		}
		if kind == codeSection {
			return bodyInSection(section, number)
		}
		rest = after
	}
	return nil, errOtherModule
}

func bodyInSection(section []byte, number int) ([]byte, error) {
	count, width := binary.Uvarint(section)
	if width <= 0 || uint64(number) >= count {
		return nil, errOtherModule
	}
	rest := section[width:]
	for range number {
		_, after, err := sized(rest)
		if err != nil {
			return nil, err
		}
		rest = after
	}
	body, _, err := sized(rest)
	return body, err
}

// sized splits what begins with its own length; WebAssembly writes lengths as Go's uvarint.
func sized(data []byte) (content, after []byte, err error) {
	length, width := binary.Uvarint(data)
	if width <= 0 || length > uint64(len(data)-width) {
		return nil, nil, errOtherModule
	}
	end := width + int(length)
	return data[width:end], data[end:], nil
}
