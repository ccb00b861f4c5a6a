//go:build !linux

package pdfium

import "github.com/tetratelabs/wazero/experimental"

// mapMemory takes the memory from Go's heap.
func mapMemory(capacity, _ uint64) experimental.LinearMemory {
	memory := heap(make([]byte, 0, capacity))
	return &memory
}

type heap []byte

func (h *heap) Reallocate(size uint64) []byte {
	if size > uint64(cap(*h)) {
		*h = append(make([]byte, 0, size), *h...)
	}
	*h = (*h)[:size]
	return *h
}

func (h *heap) Free() { *h = nil }
