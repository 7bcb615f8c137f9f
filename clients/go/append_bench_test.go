//go:build !race

// Times are not meaningful under the race detector.

package sessionlog

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// benchLogger has a service that never answers and a buffer that does not fill in `rows` rows.
func benchLogger(rows int) *SessionLogger {
	return NewSessionLogger("127.0.0.1:1", Options{
		BufferRows: rows, BufferBytes: rows * 2048,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
}

func BenchmarkAppend(b *testing.B) {
	record, _ := typicalRecord()
	l := benchLogger(max(b.N, 1) + 1)
	defer l.cancel()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		l.Append(record)
	}
}

func BenchmarkJSONMarshal(b *testing.B) {
	_, twin := typicalRecord()
	b.ReportAllocs()
	for range b.N {
		if _, err := json.Marshal(&twin); err != nil {
			b.Fatal(err)
		}
	}
}

// maxAppendRatio is how much longer than json.Marshal of the same record Append may take.
const maxAppendRatio = 3.0

func TestAppendTakesAtMostThreeTimesAsLongAsJSON(t *testing.T) {
	record, twin := typicalRecord()
	checkAppendRatio(t, "typical", record, twin)

	record.Artifact = typedArtifact{Fills: []typedFill{{"W-1042", "Ana Ruiz", 1}, {"W-1077", "Søren Müller", 2}}, Shift: "Mon 06:00-14:00", Site: "Plant 7"}
	twin.Artifact = record.Artifact
	checkAppendRatio(t, "typed artifact", record, twin)

	record, twin = typicalRecord()
	record.Prompt = strings.Repeat("Fill 2 welder slots – Plant 7.\n", 120)
	twin.Prompt = record.Prompt
	checkAppendRatio(t, "long prompt", record, twin)
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

func checkAppendRatio(t *testing.T, name string, record Record, twin jsonRecord) {
	t.Helper()
	const rounds, perRound = 31, 200
	l := NewSessionLogger("127.0.0.1:1", Options{
		BufferRows: rounds * perRound, BufferBytes: 64 << 20, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	defer l.cancel()
	appends, marshals := make([]float64, rounds), make([]float64, rounds)
	for i := range rounds {
		appends[i] = nanosecondsEach(perRound, func() { l.Append(record) })
		marshals[i] = nanosecondsEach(perRound, func() { _, _ = json.Marshal(&twin) })
	}
	slices.Sort(appends)
	slices.Sort(marshals)
	appended, marshalled := appends[rounds/2], marshals[rounds/2]
	report := fmt.Sprintf("%s: Append %.0f ns, json.Marshal %.0f ns, ratio %.2f", name, appended, marshalled, appended/marshalled)
	t.Log(report)
	if appended > maxAppendRatio*marshalled {
		t.Error(report)
	}
	if stats := l.Stats(); stats.Pending != rounds*perRound {
		t.Errorf("%s: the buffer was full: %+v", name, stats)
	}
}

func nanosecondsEach(count int, work func()) float64 {
	start := time.Now()
	for range count {
		work()
	}
	return float64(time.Since(start)) / float64(count)
}
