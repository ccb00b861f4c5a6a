package pdfium

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/emscripten"
)

// Error numbers of emscripten's C library (those of WASI), answered by the system calls below.
const (
	errnoBadFile = 8
	errnoInvalid = 28
	errnoIO      = 29
	errnoMissing = 44
	errnoNoCall  = 52
)

// sourceDescriptor is the only file that PDFium can hold.
const (
	sourceDescriptor = 3
	sourcePath       = "/file.pdf"
	regularFile      = 0o100444
	statSize         = 96 // struct stat of emscripten for wasm32, in bytes
)

// source is the file that an instance reads, with its offset.
type source struct {
	file   io.ReaderAt
	size   int64
	offset int64
	full   bool // PDFium asked for more memory than it may have
}

type sourceKey struct{}

func sourceOf(ctx context.Context) *source {
	return ctx.Value(sourceKey{}).(*source)
}

// linkImports gives the module what it imports: reading one file, long jumps, memory growth and a clock.
// Everything else (writing, deleting, listing, other files) answers "no such call".
func (l *Library) linkImports(ctx context.Context) error {
	jumps, err := emscripten.NewFunctionExporterForModule(l.compiled)
	if err != nil {
		return err
	}
	builders := map[string]wazero.HostModuleBuilder{}
	for _, name := range []string{"env", "wasi_snapshot_preview1"} {
		builders[name] = l.runtime.NewHostModuleBuilder(name)
	}
	for _, imported := range l.compiled.ImportedFunctions() {
		moduleName, name, _ := imported.Import()
		builder, known := builders[moduleName]
		if !known {
			return errors.New("unknown import module " + moduleName)
		}
		call, ours := calls[name]
		if !ours {
			call = refuse
		}
		builder.NewFunctionBuilder().
			WithGoModuleFunction(call, imported.ParamTypes(), imported.ResultTypes()).Export(name)
	}
	jumps.ExportFunctions(builders["env"]) // replaces the refusals of invoke_* and longjmp
	for _, builder := range builders {
		if _, err := builder.Instantiate(ctx); err != nil {
			return err
		}
	}
	return nil
}

// calls are the imports that do something; the table is never written to.
var calls = map[string]api.GoModuleFunc{
	"_abort_js":              abort,
	"emscripten_date_now":    dateNow,
	"emscripten_resize_heap": resizeHeap,
	"__syscall_openat":       openSource,
	"__syscall_fcntl64":      succeed,
	"__syscall_fstat64":      statSource,
	"fd_close":               succeed,
	"fd_read":                readSource,
	"fd_seek":                seekSource,
	"environ_sizes_get":      noEnvironment,
	"environ_get":            succeed,
	"_gmtime_js":             succeed,
	"_localtime_js":          succeed,
	"_tzset_js":              succeed,
}

func succeed(_ context.Context, _ api.Module, stack []uint64) {
	if len(stack) > 0 {
		stack[0] = 0
	}
}

// refuse answers -ENOSYS to a call that returns a number. C code of WASI reads any nonzero answer as an error.
func refuse(_ context.Context, _ api.Module, stack []uint64) {
	answer(stack, -errnoNoCall)
}

func answer(stack []uint64, value int32) {
	if len(stack) > 0 {
		stack[0] = api.EncodeI32(value)
	}
}

var errAbort = errors.New("pdfium: aborted")

func abort(context.Context, api.Module, []uint64) { panic(errAbort) }

func dateNow(_ context.Context, _ api.Module, stack []uint64) {
	stack[0] = math.Float64bits(float64(time.Now().UnixMilli()))
}

// resizeHeap grows the memory to hold the wanted number of bytes and answers 1, or 0 when the limit is reached.
func resizeHeap(ctx context.Context, module api.Module, stack []uint64) {
	wanted := uint64(uint32(stack[0]))
	size := uint64(module.Memory().Size())
	stack[0] = 1
	if wanted <= size {
		return
	}
	pages := uint32((wanted - size + wasmPage - 1) / wasmPage)
	// Growing by at least a quarter keeps the number of copies small.
	if _, grown := module.Memory().Grow(max(pages, uint32(size/wasmPage/4))); grown {
		return
	}
	if _, grown := module.Memory().Grow(pages); grown {
		return
	}
	sourceOf(ctx).full = true
	stack[0] = 0
}

func openSource(_ context.Context, module api.Module, stack []uint64) {
	path, ok := module.Memory().Read(uint32(stack[1]), uint32(len(sourcePath)+1))
	if !ok || string(path) != sourcePath+"\x00" {
		answer(stack, -errnoMissing)
		return
	}
	answer(stack, sourceDescriptor)
}

// statSource fills mode (offset 4), link count (8), size (24) and block size (32); all else is zero.
func statSource(ctx context.Context, module api.Module, stack []uint64) {
	if uint32(stack[0]) != sourceDescriptor {
		answer(stack, -errnoBadFile)
		return
	}
	stat, ok := module.Memory().Read(uint32(stack[1]), statSize)
	if !ok {
		answer(stack, -errnoInvalid)
		return
	}
	clear(stat)
	memory, at := module.Memory(), uint32(stack[1])
	memory.WriteUint32Le(at+4, regularFile)
	memory.WriteUint32Le(at+8, 1)
	memory.WriteUint64Le(at+24, uint64(sourceOf(ctx).size))
	memory.WriteUint32Le(at+32, 4096)
	answer(stack, 0)
}

// seekSource is WASI's fd_seek(fd, offset, whence, *newOffset).
func seekSource(ctx context.Context, module api.Module, stack []uint64) {
	source := sourceOf(ctx)
	if uint32(stack[0]) != sourceDescriptor {
		answer(stack, errnoBadFile)
		return
	}
	offset := int64(stack[1])
	switch uint32(stack[2]) {
	case io.SeekCurrent:
		offset += source.offset
	case io.SeekEnd:
		offset += source.size
	}
	if offset < 0 || !module.Memory().WriteUint64Le(uint32(stack[3]), uint64(offset)) {
		answer(stack, errnoInvalid)
		return
	}
	source.offset = offset
	answer(stack, 0)
}

// readSource is WASI's fd_read(fd, *vectors, count, *read); a vector is (address, length), 4 bytes each.
func readSource(ctx context.Context, module api.Module, stack []uint64) {
	if uint32(stack[0]) != sourceDescriptor {
		answer(stack, errnoBadFile)
		return
	}
	source, memory := sourceOf(ctx), module.Memory()
	vectors, count, read := uint32(stack[1]), uint32(stack[2]), uint32(0)
	for i := range count {
		address, ok := memory.ReadUint32Le(vectors + 8*i)
		length, okLength := memory.ReadUint32Le(vectors + 8*i + 4)
		target, okTarget := memory.Read(address, length)
		if !ok || !okLength || !okTarget {
			answer(stack, errnoInvalid)
			return
		}
		n, err := source.file.ReadAt(target, source.offset)
		source.offset += int64(n)
		read += uint32(n)
		if err != nil && err != io.EOF {
			answer(stack, errnoIO)
			return
		}
		if n < len(target) {
			break
		}
	}
	memory.WriteUint32Le(uint32(stack[3]), read)
	answer(stack, 0)
}

// noEnvironment is WASI's environ_sizes_get: no variable, no byte.
func noEnvironment(_ context.Context, module api.Module, stack []uint64) {
	module.Memory().WriteUint32Le(uint32(stack[0]), 0)
	module.Memory().WriteUint32Le(uint32(stack[1]), 0)
	answer(stack, 0)
}
