package pdfium

import (
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// mapMemory gives an instance memory of the system's own instead of Go's: it starts as untouched zero pages, of
// which only those in use cost anything, and goes back whole when the document is closed. Go's heap would hold
// the memory of two documents, the second one zeroed by hand: 18 MB each.
func mapMemory(_, limit uint64) experimental.LinearMemory {
	reserved, err := syscall.Mmap(-1, 0, int(limit), syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return &mapping{} // Reallocate will say so
	}
	return &mapping{reserved: reserved}
}

// mapping is address space of which the beginning is usable.
type mapping struct {
	reserved []byte
	size     uint64
}

// Reallocate never moves the memory. nil tells wazero that there is none left.
func (m *mapping) Reallocate(size uint64) []byte {
	if size > uint64(len(m.reserved)) {
		return nil
	}
	if size > m.size {
		if err := syscall.Mprotect(m.reserved[:size], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			return nil
		}
		m.size = size
	}
	return m.reserved[:size]
}

// Free gives the memory back.
func (m *mapping) Free() {
	if m.reserved != nil {
		_ = syscall.Munmap(m.reserved) // of what Mmap gave: it can't fail
		m.reserved, m.size = nil, 0
	}
}
