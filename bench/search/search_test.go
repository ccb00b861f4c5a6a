// Package search measures search/bleveindex on real French text: the judged
// sheets that lie beside the repository, cut and mixed to the number wanted.
//
//	go test ./bench/search -bench . -benchtime 2000x
package search

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parvis/portal"
	"parvis/search"
	"parvis/search/bleveindex"
)

var folder = filepath.Join("..", "..", "..", "shared", "data", "relevance")

// lines reads a text file, packed or not.
func lines(b *testing.B, name string) []string {
	b.Helper()
	file, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		b.Fatal("the judged collection is not beside the repository: ", err)
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	if strings.HasSuffix(name, ".gz") {
		unzipped, err := gzip.NewReader(file)
		if err != nil {
			b.Fatal(err)
		}
		scanner = bufio.NewScanner(unzipped)
	}
	scanner.Buffer(nil, 16<<20)
	var all []string
	for scanner.Scan() {
		all = append(all, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		b.Fatal(err)
	}
	return all
}

const groupCount = 200

func group(n int) portal.GroupID { return portal.GroupID(fmt.Sprintf("group%03d", n)) }

// documents makes n documents out of the sheets. Copies of a sheet hold other
// parts of it. Each is for 1 to 5 of 200 groups, one in four for everyone.
func documents(b *testing.B, n int) []search.Document {
	sheets := lines(b, "corpus.tsv.gz")
	dice := rand.New(rand.NewSource(1))
	kinds := []search.Kind{search.KindDocument, search.KindDocument, search.KindDocument, search.KindArticle, search.KindEvent}
	docs := make([]search.Document, n)
	for i := range docs {
		fields := strings.SplitN(sheets[i%len(sheets)], "\t", 3)
		body := fields[2]
		if copies := i / len(sheets); copies > 0 {
			cut := len(body) * copies / (copies + 2)
			for cut < len(body) && body[cut] != ' ' {
				cut++
			}
			body = body[cut:] + " " + body[:cut/2]
		}
		docs[i] = search.Document{
			Kind: kinds[dice.Intn(len(kinds))], ID: fmt.Sprint(i), Title: fields[1], Body: strings.ToValidUTF8(body, ""),
			URL: "/documents/" + fmt.Sprint(i), Unit: fmt.Sprint("Service ", dice.Intn(30)),
			Date: time.Date(2024, 1, 1+dice.Intn(1000), 0, 0, 0, 0, time.UTC),
		}
		if dice.Intn(4) > 0 {
			for range 1 + dice.Intn(5) {
				docs[i].Audience = append(docs[i].Audience, group(dice.Intn(groupCount)))
			}
		}
	}
	return docs
}

// callers makes agents of a collectivity in 5 to 40 of the groups.
func callers(collectivity portal.CollectivityID) []portal.Caller {
	dice := rand.New(rand.NewSource(2))
	all := make([]portal.Caller, 50)
	for i := range all {
		all[i] = portal.Caller{Collectivity: collectivity, Agent: portal.AgentID(fmt.Sprint("agent", i))}
		for range 5 + dice.Intn(36) {
			all[i].Groups = append(all[i].Groups, group(dice.Intn(groupCount)))
		}
		slices.Sort(all[i].Groups)
		all[i].Groups = slices.Compact(all[i].Groups)
	}
	return all
}

func queries(b *testing.B) []string {
	var all []string
	for _, line := range lines(b, "queries.tsv") {
		_, text, _ := strings.Cut(line, "\t")
		all = append(all, text)
	}
	rand.New(rand.NewSource(3)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func fill(b *testing.B, x *bleveindex.Index, collectivity portal.CollectivityID, docs []search.Document) {
	b.Helper()
	changes := make([]search.Change, len(docs))
	for i := range docs {
		changes[i] = search.Change{Kind: docs[i].Kind, ID: docs[i].ID, Document: &docs[i]}
	}
	if err := x.Apply(context.Background(), collectivity, changes); err != nil {
		b.Fatal(err)
	}
}

// cpu is the processor time of this process.
func cpu(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// threadCPU is the processor time of the calling thread: what an answer takes
// on a machine that does nothing else.
func threadCPU(b *testing.B) time.Duration {
	const thread = 1 // RUSAGE_THREAD, getrusage(2)
	var usage syscall.Rusage
	if err := syscall.Getrusage(thread, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// timed runs ask b.N times and reports the quantiles of its time and of its
// thread's processor time, and the processor time of the whole process.
func timed(b *testing.B, ask func(i int) error) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := range min(b.N, 50) { // the first of a state reads its columns
		if err := ask(i); err != nil {
			b.Fatal(err)
		}
	}
	times, own := make([]time.Duration, b.N), make([]time.Duration, b.N)
	before := cpu(b)
	b.ResetTimer()
	for i := range b.N {
		start, thread := time.Now(), threadCPU(b)
		if err := ask(i); err != nil {
			b.Fatal(err)
		}
		times[i], own[i] = time.Since(start), threadCPU(b)-thread
	}
	b.StopTimer()
	used := cpu(b) - before
	slices.Sort(times)
	slices.Sort(own)
	b.ReportMetric(float64(times[len(times)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100])/1e6, "p99-ms")
	b.ReportMetric(float64(own[len(own)/2])/1e6, "p50-own-ms")
	b.ReportMetric(float64(own[len(own)*99/100])/1e6, "p99-own-ms")
	b.ReportMetric(float64(used)/1e6/float64(b.N), "cpu-ms/op")
}

// big is the index of 10,000 documents, made once for all benchmarks.
var big = struct {
	sync.Once
	index *bleveindex.Index
	dir   string
}{}

func bigIndex(b *testing.B) *bleveindex.Index {
	big.Do(func() {
		docs := documents(b, 10_000)
		text := 0
		for _, doc := range docs {
			text += len(doc.Body)
		}
		dir, err := os.MkdirTemp("", "parvis-bench")
		if err != nil {
			b.Fatal(err)
		}
		x := bleveindex.New(dir, slog.New(slog.DiscardHandler))
		start, before := time.Now(), cpu(b)
		fill(b, x, "bourg", docs)
		used := cpu(b) - before
		fmt.Printf("# indexed %d documents, %d MB of text, in %.1f s: %.0f documents per CPU second, index %.2f times the text\n",
			len(docs), text>>20, time.Since(start).Seconds(), float64(len(docs))/used.Seconds(), float64(size(dir))/float64(text))
		big.index, big.dir = x, dir
	})
	return big.index
}

func TestMain(m *testing.M) {
	code := m.Run()
	if big.index != nil {
		big.index.Close()
		os.RemoveAll(big.dir)
	}
	os.Exit(code)
}

// size is the bytes of the files of a folder.
func size(dir string) int64 {
	var sum int64
	filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			if info, err := entry.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}

// BenchmarkSearch asks the real requests on 10,000 documents with rights: the
// hits of the first page with their extracts, and all counts.
func BenchmarkSearch(b *testing.B) {
	x, all, texts := bigIndex(b), callers("bourg"), queries(b)
	one := func(change func(text string) search.Query) func(i int) error {
		return func(i int) error {
			query := change(texts[i%len(texts)])
			query.Now = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
			_, err := x.Search(context.Background(), all[i%len(all)], query)
			return err
		}
	}
	b.Run("words", func(b *testing.B) {
		timed(b, one(func(text string) search.Query { return search.Query{Text: text} }))
	})
	b.Run("one word", func(b *testing.B) {
		timed(b, one(func(text string) search.Query {
			words := strings.Fields(text)
			return search.Query{Text: words[len(words)-1]}
		}))
	})
	b.Run("phrase", func(b *testing.B) {
		timed(b, one(func(text string) search.Query { return search.Query{Text: `"` + text + `"`} }))
	})
	b.Run("typing error", func(b *testing.B) {
		timed(b, one(func(text string) search.Query {
			words := strings.Fields(text)
			slices.SortFunc(words, func(x, y string) int { return len(y) - len(x) })
			if long := words[0]; len(long) > 4 {
				words[0] = long[:2] + "x" + long[2:]
			}
			return search.Query{Text: strings.Join(words, " ")}
		}))
	})
	b.Run("by date, one kind", func(b *testing.B) {
		timed(b, one(func(text string) search.Query {
			return search.Query{Text: text, Kind: search.KindArticle, ByDate: true, Period: search.ThisYear}
		}))
	})
	b.Run("suggestions", func(b *testing.B) {
		timed(b, func(i int) error {
			text := texts[i%len(texts)]
			_, err := x.Suggest(context.Background(), all[i%len(all)], text[:min(len(text), 3+i%5)], 7)
			return err
		})
	})
}

// BenchmarkUpdate changes one document, found by the next search.
func BenchmarkUpdate(b *testing.B) {
	x, all := bigIndex(b), callers("bourg")
	doc := documents(b, 1)[0]
	timed(b, func(i int) error {
		doc.Title = fmt.Sprint("Document modifié ", i)
		fill(b, x, "bourg", []search.Document{doc})
		_, err := x.Search(context.Background(), all[0], search.Query{Text: "modifié"})
		return err
	})
}

// BenchmarkCollectivities asks 200 collectivities of 250 documents of 1,200
// bytes in turn.
func BenchmarkCollectivities(b *testing.B) {
	const collectivities, each = 200, 250
	x := bleveindex.New(b.TempDir(), slog.New(slog.DiscardHandler))
	defer x.Close()
	docs := documents(b, 3700)
	for i := range docs {
		docs[i].Body = strings.ToValidUTF8(docs[i].Body[:min(1200, len(docs[i].Body))], "")
	}
	before := cpu(b)
	for i := range collectivities {
		first := i * each % (len(docs) - each)
		fill(b, x, name(i), docs[first:first+each])
	}
	used := cpu(b) - before
	texts := queries(b)
	asked := make([][]portal.Caller, collectivities)
	for i := range asked {
		asked[i] = callers(name(i))
	}
	timed(b, func(i int) error {
		caller := asked[i%collectivities][i/collectivities%50]
		_, err := x.Search(context.Background(), caller, search.Query{Text: texts[i%len(texts)]})
		return err
	})
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.HeapAlloc)/(1<<20), "heap-MB")
	b.ReportMetric(collectivities*each/used.Seconds(), "docs/cpu-s")
}

func name(i int) portal.CollectivityID { return portal.CollectivityID(fmt.Sprintf("c%03d", i)) }
