package extract

import (
	"syscall"
	"time"
)

const (
	lowPriority   = 10       // nice value: pages come before indexing
	maxCacheWrite = 64 << 20 // bytes of a file the child may write: the compiled PDF reader is about 20 MB
)

// limitProcess bounds what this process may do before it meets a file. RLIMIT_DATA counts written-to memory
// only; RLIMIT_AS would also count the address space that the Go runtime reserves and never touches.
func limitProcess(memory int64) error {
	limits := map[int]uint64{
		syscall.RLIMIT_DATA:  uint64(memory),
		syscall.RLIMIT_FSIZE: maxCacheWrite,
		syscall.RLIMIT_CORE:  0,
	}
	for resource, limit := range limits {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	return syscall.Setpriority(syscall.PRIO_PROCESS, 0, lowPriority)
}

// limitCPU lets this process use that much more CPU; past it the kernel ends it (SIGXCPU), even when the
// parent is no longer there to do so.
func limitCPU(more time.Duration) error {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CPU, &limit); err != nil {
		return err
	}
	seconds := uint64(used.Utime.Sec+used.Stime.Sec) + uint64(more/time.Second) + 1
	limit.Cur = min(seconds, limit.Max)
	return syscall.Setrlimit(syscall.RLIMIT_CPU, &limit)
}
