//go:build !linux

package extract

import "time"

// Elsewhere than on Linux the limits are the parent's clock, PDFium's own memory and Go's memory limit.

func limitProcess(int64) error { return nil }

func limitCPU(time.Duration) error { return nil }
