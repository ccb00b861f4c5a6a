package contacts

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestAFileTakesLittleMemory: that of its octets, whatever its cards hold. Several agents may import at a time.
func TestAFileTakesLittleMemory(t *testing.T) {
	var b strings.Builder
	for i := 0; b.Len() < 4<<20; i++ {
		fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%d\r\nFN:x\r\n%sEND:VCARD\r\n", i, strings.Repeat("A:\r\n", 1900))
	}
	octets := []byte(b.String())
	b.Reset()
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	all := readFile(octets)
	if more := int64(held()) - int64(before); more > 8<<20 {
		t.Errorf("%d cards of %d bytes hold %d bytes more", len(all), len(octets), more)
	}
	runtime.KeepAlive(all)
	runtime.KeepAlive(octets)
}
