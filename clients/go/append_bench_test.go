package sessionlog

import (
	"encoding/json"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkAppend measures Append on the caller's thread, with a buffer that does not fill, and json.Marshal of the same
// record beside it. The caller is to wait for 100 µs at most.
func BenchmarkAppend(b *testing.B) {
	record, twin := typicalRecord()
	b.Run("typical", func(b *testing.B) { benchmarkAppend(b, record, twin) })

	typed, typedTwin := record, twin
	typed.Artifact = typedArtifact{Fills: []typedFill{{"W-1042", "Ana Ruiz", 1}, {"W-1077", "Søren Müller", 2}}, Shift: "Mon 06:00-14:00", Site: "Plant 7"}
	typedTwin.Artifact = typed.Artifact
	b.Run("typed artifact", func(b *testing.B) { benchmarkAppend(b, typed, typedTwin) })

	long, longTwin := record, twin
	long.Prompt = strings.Repeat("Fill 2 welder slots – Plant 7.\n", 120)
	longTwin.Prompt = long.Prompt
	b.Run("long prompt", func(b *testing.B) { benchmarkAppend(b, long, longTwin) })
}

// benchmarkAppend takes the medians of rounds in which the two take turns, so that both have the same machine.
func benchmarkAppend(b *testing.B, record Record, twin jsonRecord) {
	const perRound = 100
	l := NewSessionLogger("127.0.0.1:1", Options{ // where nobody listens
		BufferRows: (b.N + 1) * perRound, BufferBytes: math.MaxInt, Logger: slog.New(slog.DiscardHandler),
	})
	defer l.cancel()
	appends, marshals := make([]float64, b.N), make([]float64, b.N)
	for round := range b.N {
		appends[round] = nanosecondsEach(perRound, func() { l.Append(record) })
		marshals[round] = nanosecondsEach(perRound, func() { _, _ = json.Marshal(&twin) })
	}
	if stats := l.Stats(); stats.Dropped > 0 {
		b.Fatalf("the buffer was full: %+v", stats)
	}
	slices.Sort(appends)
	slices.Sort(marshals)
	appended, marshalled := appends[b.N/2], marshals[b.N/2]
	b.ReportMetric(0, "ns/op") // of a round, which says nothing
	b.ReportMetric(appended, "append-ns")
	b.ReportMetric(marshalled, "json-ns")
	b.ReportMetric(appended/marshalled, "ratio")
}

type typedArtifact struct {
	Fills []typedFill `json:"fills"`
	Shift string      `json:"shift"`
	Site  string      `json:"site"`
}

type typedFill struct {
	CandidateID string `json:"candidate_id"`
	Name        string `json:"name"`
	Slot        int    `json:"slot"`
}

func nanosecondsEach(count int, work func()) float64 {
	start := time.Now()
	for range count {
		work()
	}
	return float64(time.Since(start)) / float64(count)
}
