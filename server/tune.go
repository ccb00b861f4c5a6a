package server

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much a heap may grow before it is collected. What stays in it are
// rendered boxes and sessions: with the hundred of Go's own, as much again would lie
// there unused.
const gcPercent = 45

// Tune sets the process that serves, unless its environment does (GOGC). Call it
// once, at the start.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
