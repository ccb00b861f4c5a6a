// Package mirror measures a collectivity that follows a real OpenLDAP server of
// many people: PARVIS_SCALE entries, 10,000 when it is not set.
package mirror

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/directory/mirror"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/seal"
	"parvis/sso"
)

// The bars: the first reading of 10,000 people, one that finds nothing or one thing new,
// and what is held in memory of all, in bytes.
const (
	firstBar = 10 * time.Second
	quietBar = time.Second
	heldBar  = 64 << 20
)

func scale() int {
	if n, err := strconv.Atoi(os.Getenv("PARVIS_SCALE")); err == nil && n > 0 {
		return n
	}
	return 10_000
}

// picture is how large the photograph of each person is on her server, in bytes.
const picture = 4 << 10

// crowd is the LDIF of many people, with their photographs.
func crowd(count int) string {
	var text strings.Builder
	photo := base64.StdEncoding.EncodeToString(slices.Repeat([]byte{0xff, 0xd8}, picture/2))
	text.WriteString("dn: ou=foule," + servers.BaseDN + "\nobjectClass: organizationalUnit\nou: foule\n\n")
	for n := range count {
		fmt.Fprintf(&text, "dn: uid=agent%05d,ou=foule,%s\nobjectClass: inetOrgPerson\nuid: agent%05d\ncn: Camille Agent%05d\ngivenName: Camille\nsn: Agent%05d\nmail: agent%05d@bourg.example\ntitle: Rédacteur\nou: Service %d\ntelephoneNumber: +33 1 99 %02d %02d %02d\njpegPhoto:: %s\n\n",
			n, servers.BaseDN, n, n, n, n, n%40, n/10000, n/100%100, n%100, photo)
	}
	return text.String()
}

func ok(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkMirror(b *testing.B) {
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	server := servers.LDAP(b, crowd(scale()))
	authority, err := os.ReadFile(server.CAFile)
	ok(b, err)
	directories := ldapdir.New(log)
	b.Cleanup(directories.Close)
	settings, err := json.Marshal(ldapdir.Settings{URL: server.URL, BindDN: server.BindDN, BaseDN: "ou=foule," + server.BaseDN})
	ok(b, err)
	open := func() (*mirror.Mirror, *database.DB, portal.Caller) {
		db, err := database.Open(ctx, "sqlite:"+filepath.Join(b.TempDir(), "parvis.db"), log)
		ok(b, err)
		b.Cleanup(func() { db.Close() })
		store := directory.New(db)
		sealer, err := seal.Open(filepath.Join(b.TempDir(), "key"))
		ok(b, err)
		service := sso.New(sso.Options{DB: db, People: directory.SignIn{Store: store}, Directories: directories, Sealer: sealer, Log: log})
		ok(b, store.CreateCollectivity(ctx, directory.Collectivity{ID: "bourg", Name: "Bourg", LongName: "Bourg", Kind: "commune", Domains: []string{"bourg.example"}}))
		ok(b, service.Methods.Set(ctx, sso.Method{Collectivity: "bourg", Kind: sso.LDAP, Settings: settings, Secret: server.BindPassword, CA: string(authority)}))
		m := mirror.New(mirror.Options{DB: db, Directory: store, Servers: directories, Methods: service.Methods, Log: log})
		admin := directory.Installation("bourg")
		status, err := m.Of(ctx, admin)
		ok(b, err)
		wanted := status.Settings
		wanted.Units = mirror.UnitAttribute
		ok(b, m.Save(ctx, admin, wanted, ""))
		ok(b, m.Turn(ctx, admin, true, ""))
		return m, db, admin
	}
	once := func(b *testing.B, m *mirror.Mirror, changes int) {
		b.Helper()
		run, err := m.Once(ctx, "bourg", "")
		ok(b, err)
		if done := run.Counts[mirror.Create] + run.Counts[mirror.Change]; run.Outcome != mirror.Done || done != changes {
			b.Fatalf("run = %s %+v with %d changes, want %d", run.Outcome, run.Fault, done, changes)
		}
	}
	within := func(b *testing.B, bar time.Duration) {
		b.Helper()
		if each := b.Elapsed() / time.Duration(b.N); each > bar && scale() <= 10_000 {
			b.Errorf("%v a run, over the bar of %v", each, bar)
		}
	}
	// busy reports the time of our processors, which other work on the machine does
	// not stretch: what slapd takes is not in it.
	busy := func(b *testing.B, run func()) {
		before := processor(b)
		run()
		b.ReportMetric(float64((processor(b)-before).Microseconds())/1000/float64(max(b.N, 1)), "cpu-ms/op")
	}
	changed := 0
	var known *mirror.Mirror
	var db *database.DB
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		busy(b, func() {
			for range b.N {
				b.StopTimer()
				known, db, _ = open()
				b.StartTimer()
				once(b, known, scale())
			}
		})
		within(b, firstBar)
	})
	b.Run("first, another writes", func(b *testing.B) {
		longest := time.Duration(0)
		for range b.N {
			b.StopTimer()
			m, db, _ := open()
			ended, wrote := make(chan struct{}), make(chan time.Duration)
			go func() { wrote <- writes(ctx, db, ended) }()
			b.StartTimer()
			once(b, m, scale())
			close(ended)
			longest = max(longest, <-wrote)
		}
		b.ReportMetric(float64(longest.Milliseconds()), "longest-wait-ms")
	})
	b.Run("first, what is held", func(b *testing.B) {
		defer debug.SetGCPercent(debug.SetGCPercent(5))
		most := uint64(0)
		for range b.N {
			b.StopTimer()
			m, _, _ := open()
			ended, held := make(chan struct{}), make(chan uint64)
			go func() { held <- holds(ended) }()
			b.StartTimer()
			once(b, m, scale())
			close(ended)
			most = max(most, <-held)
		}
		b.ReportMetric(float64(most)/(1<<20), "held-MB")
		if most > heldBar && scale() <= 10_000 {
			b.Errorf("%d MB are held, over the bar of %d", most>>20, heldBar>>20)
		}
	})
	b.Run("nothing changed", func(b *testing.B) {
		b.ReportAllocs()
		busy(b, func() {
			for range b.N {
				once(b, known, 0)
			}
		})
		within(b, quietBar)
	})
	b.Run("nothing changed, and no contextCSN", func(b *testing.B) {
		b.ReportAllocs()
		busy(b, func() {
			for range b.N {
				_, err := db.Exec(ctx, `UPDATE mirrors SET stamp = '' WHERE collectivity = 'bourg'`)
				ok(b, err)
				once(b, known, 0)
			}
		})
		within(b, quietBar)
	})
	b.Run("one changed", func(b *testing.B) {
		b.ReportAllocs()
		var spent time.Duration
		for range b.N {
			b.StopTimer()
			changed++
			server.Modify(b, fmt.Sprintf("dn: uid=agent%05d,ou=foule,%s\nchangetype: modify\nreplace: title\ntitle: Fonction %d\n", changed%scale(), servers.BaseDN, time.Now().UnixNano()))
			before := processor(b)
			b.StartTimer()
			once(b, known, 1)
			spent += processor(b) - before
		}
		b.ReportMetric(float64(spent.Microseconds())/1000/float64(b.N), "cpu-ms/op")
		within(b, quietBar)
	})
}

// processor is the time that our processors took.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	ok(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// writes writes one row after the other until a run has ended, and returns the longest
// that one of them took.
func writes(ctx context.Context, db *database.DB, ended <-chan struct{}) (longest time.Duration) {
	for {
		select {
		case <-ended:
			return longest
		case <-time.After(time.Millisecond):
		}
		began := time.Now()
		if db.Write(ctx, `UPDATE collectivities SET long_name = 'Bourg' WHERE id = 'bourg'`) == nil {
			longest = max(longest, time.Since(began))
		}
	}
}

// holds returns the most that was live at the end of a collection until a run has ended,
// above what was before it.
func holds(ended <-chan struct{}) (most uint64) {
	live := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC()
	before := live()
	for {
		select {
		case <-ended:
			return most
		case <-time.After(time.Millisecond):
		}
		if now := live(); now > before {
			most = max(most, now-before)
		}
	}
}
