// Package territory_test measures what suggesting communes costs.
// docs/performance-pool.md tells the figures.
package territory_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"parvis/portal/territory"
)

// typed are questions of every kind: names in full, beginnings, common words,
// mistakes, codes.
var typed = []string{
	"Bourg", "saint", "st d", "sa", "la", "Saint-Denis (93)", "orleans", "l'haÿ-les-roses", "marseile", "xyzzyx sur loire", "ville",
	"communauté de communes du pays", "45500", "2A004", "217500016", "châ", "ste genevieve des bois", "les", "sur loire", "mont",
}

// BenchmarkFind reports the 99th percentile beside the mean.
func BenchmarkFind(b *testing.B) {
	territory.Find("Paris", 8)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		started := time.Now()
		territory.Find(typed[i%len(typed)], 8)
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

// BenchmarkByINSEE is what a known code costs.
func BenchmarkByINSEE(b *testing.B) {
	for b.Loop() {
		territory.ByINSEE("45234")
	}
}

// TestMemory tells what the data weighs, before the first question and after.
func TestMemory(t *testing.T) {
	before := heap()
	started := time.Now()
	territory.Find("Paris", 8)
	took := time.Since(started)
	t.Logf("first question %v, heap before %d KB, after %d KB", took.Round(time.Millisecond), before>>10, heap()>>10)
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("the territory takes %d KB", grown>>10)
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
