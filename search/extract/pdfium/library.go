// Package pdfium reads the text of PDF files with PDFium, compiled to WebAssembly and run by wazero.
//
// PDFium is C++ that meets hostile files: here it can only touch its own bounded memory and read one file,
// which it sees through four system calls (imports.go). It has no clock to speak of, no network, no file tree.
// What the text is used for, and how long reading may take, is the business of package extract.
package pdfium

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"fmt"
	"io"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
)

// compressed is the module as published. Uncompressed it would cost each child 4 MB of memory for good.
//
//go:embed pdfium.wasm.gz
var compressed []byte

const (
	moduleSize    = 3_988_829 // bytes, uncompressed
	wasmPage      = 64 << 10
	defaultMemory = 256 << 20
	// reservedMemory is what the module asks for before it has read anything (284 pages).
	reservedMemory = 284 * wasmPage
)

// Options of a Library.
type Options struct {
	// CacheDir keeps the compiled module, so that only the first start pays the 2.6 s of compiling.
	// "" compiles each time.
	CacheDir string
	// Memory is the most PDFium may use for one file, in bytes; 0 means 256 MiB.
	Memory int64
}

// Library is the compiled module. Documents opened from it share no memory. It is safe for concurrent use.
type Library struct {
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	compiled wazero.CompiledModule
}

// New compiles PDFium, or takes the compiled form from the cache.
func New(ctx context.Context, options Options) (*Library, error) {
	library := &Library{}
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(memoryPages(options.Memory))
	if options.CacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(options.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("pdfium: open the compile cache: %w", err)
		}
		library.cache = cache
		config = config.WithCompilationCache(cache)
	}
	library.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := library.load(ctx); err != nil {
		return nil, fmt.Errorf("pdfium: load the module: %w", joinClose(ctx, library, err))
	}
	return library, nil
}

func (l *Library) load(ctx context.Context) error {
	module, err := unpack()
	if err != nil {
		return err
	}
	if err := trim(module); err != nil {
		return err
	}
	compiled, err := l.runtime.CompileModule(ctx, module)
	if err != nil {
		return err
	}
	l.compiled = compiled
	return l.linkImports(ctx)
}

func unpack() ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	module := make([]byte, moduleSize)
	if _, err := io.ReadFull(reader, module); err != nil {
		return nil, err
	}
	return module, nil
}

// Close frees the compiled code. Documents must be closed before.
func (l *Library) Close(ctx context.Context) error {
	err := l.runtime.Close(ctx)
	if l.cache != nil {
		if cacheErr := l.cache.Close(ctx); err == nil {
			err = cacheErr
		}
	}
	return err
}

// Open reads the structure of a PDF file of the given size in bytes. The file is read on demand, so
// a large file costs no memory, and must stay readable until the Document is closed.
// ErrPassword, ErrDamaged and ErrMemory are its errors' kinds.
func (l *Library) Open(ctx context.Context, file io.ReaderAt, size int64) (*Document, error) {
	source := &source{file: file, size: size}
	ctx = context.WithValue(ctx, sourceKey{}, source)
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(mapMemory))
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("emscripten_stack_init", "__wasm_call_ctors")
	instance, err := l.runtime.InstantiateModule(ctx, l.compiled, config)
	if err != nil {
		return nil, fmt.Errorf("pdfium: start: %w", err)
	}
	document := &Document{instance: instance, source: source}
	if err := document.load(ctx); err != nil {
		document.Close(ctx)
		return nil, err
	}
	return document, nil
}

func memoryPages(bytes int64) uint32 {
	if bytes <= 0 {
		bytes = defaultMemory
	}
	return uint32(max(bytes, 2*reservedMemory) / wasmPage)
}

func joinClose(ctx context.Context, library *Library, err error) error {
	if closeErr := library.Close(ctx); closeErr != nil {
		return fmt.Errorf("%w (and close: %v)", err, closeErr)
	}
	return err
}
