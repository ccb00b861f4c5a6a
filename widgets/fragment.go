package widgets

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"hash/maphash"
	"sync"

	"github.com/klauspost/compress/flate"
)

// fragment is a part of a page: its HTML, and the same as deflate blocks that
// end on a byte and refer to nothing before them, so that the fragments of a
// page can be joined into one gzip member without being compressed again.
type fragment struct {
	html     []byte
	deflated []byte
	version  uint64 // of the HTML: two fragments of one version are the same octets
}

// versionSeed makes versions that mean nothing to another process.
var versionSeed = maphash.MakeSeed()

func newFragment(html []byte) *fragment {
	return &fragment{html: html, deflated: deflate(html), version: maphash.Bytes(versionSeed, html)}
}

var deflaters = sync.Pool{New: func() any {
	writer, _ := flate.NewWriter(nil, flate.DefaultCompression) // the level exists
	return writer
}}

func deflate(html []byte) []byte {
	var out bytes.Buffer
	writer := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(writer)
	writer.Reset(&out)
	writer.Write(html) // a Buffer takes everything
	writer.Flush()     // ends on a byte, without ending the stream
	return bytes.Clone(out.Bytes())
}

// join returns the fragments' HTML, one after the other.
func join(fragments []*fragment) []byte {
	size := 0
	for _, part := range fragments {
		size += len(part.html)
	}
	whole := make([]byte, 0, size)
	for _, part := range fragments {
		whole = append(whole, part.html...)
	}
	return whole
}

// gzipHeader is a member made by deflate, without name or time (RFC 1952 §2.3).
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}

// lastBlock is an empty final block of fixed Huffman codes (RFC 1951 §3.2.6).
var lastBlock = []byte{0x03, 0x00}

// joinGzip returns the fragments as one gzip member.
func joinGzip(fragments []*fragment) []byte {
	size := len(gzipHeader) + len(lastBlock) + 8
	for _, part := range fragments {
		size += len(part.deflated)
	}
	whole := append(make([]byte, 0, size), gzipHeader...)
	var sum, length uint32
	for _, part := range fragments {
		whole = append(whole, part.deflated...)
		sum = crc32.Update(sum, crc32.IEEETable, part.html)
		length += uint32(len(part.html))
	}
	whole = append(whole, lastBlock...)
	whole = binary.LittleEndian.AppendUint32(whole, sum)
	return binary.LittleEndian.AppendUint32(whole, length)
}

// look is all that changes the HTML of a loaded content.
type look struct {
	size  Size
	state State
	mark  bool // it is new to the agent
	late  bool // it is still being loaded
	dated bool // its hour is shown
	day   int  // see dayOf: "hier" is another word tomorrow
}

// fragmentFor returns the fragment of a look, made once.
func (l *loaded) fragmentFor(of look, render func() ([]byte, error)) (*fragment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if made := l.fragments[of]; made != nil {
		return made, nil
	}
	html, err := render()
	if err != nil {
		return nil, err
	}
	if l.fragments == nil {
		l.fragments = map[look]*fragment{}
	}
	made := newFragment(html)
	l.fragments[of] = made
	return made, nil
}
