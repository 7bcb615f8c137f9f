package sessionlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

func refuseAll(*sessionlogv1.SessionRecord) []*sessionlogv1.Violation {
	return []*sessionlogv1.Violation{{Field: "record.kind", Description: "expected <fill>", Reason: "NOT_ALLOWED"}}
}

func TestRefusalsNameTheSessionAndTheDaemon(t *testing.T) {
	fake := startFake(t, &fakeService{refuse: refuseAll})
	l, log := newTestLogger(t, fake.address, Options{Daemon: "d-1"})
	l.Append(Record{SessionID: "s-1"})
	flush(t, l)
	if !strings.Contains(log.String(), "session_id=s-1 daemon=d-1") || !strings.HasPrefix(l.Stats().LastError, "session s-1 of d-1: ") {
		t.Errorf("%q; it logged %s", l.Stats().LastError, log)
	}
	l.Append(Record{SessionID: "s-2", Artifact: math.NaN()})
	if !strings.Contains(log.String(), "session_id=s-2 daemon=d-1") || !strings.HasPrefix(l.Stats().LastError, "session s-2 of d-1: ") {
		t.Errorf("%q; it logged %s", l.Stats().LastError, log)
	}
}

func readRefused(t *testing.T, path string) (lines []refusedLine) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for text := range bytes.Lines(text) {
		var line refusedLine
		if err := json.Unmarshal(text, &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestRefusedFileHasTheRefusedRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "refused.jsonl")
	fake := startFake(t, &fakeService{refuse: refuseAll})
	l, _ := newTestLogger(t, fake.address, Options{RefusedFile: path})
	l.Append(Record{SessionID: "s-1", Artifact: map[string]any{"a": 1}})
	flush(t, l)
	l.Append(Record{SessionID: "s-2", Artifact: "no object"})
	l.Append(Record{SessionID: "s-3", Kind: strings.Repeat("k", 5<<20)})
	_, _ = l.AppendSync(testContext(t), Record{SessionID: "s-4"}) // its error has the violations
	_ = l.Close(testContext(t))
	lines := readRefused(t, path)
	if len(lines) != 3 || !strings.HasPrefix(*lines[0].Row, `{"session_id":"s-1",`) || !strings.Contains(*lines[0].Row, `"artifact":{"a":1}`) ||
		lines[0].Violations[0] != (violationJSON{"record.kind", "expected <fill>", "NOT_ALLOWED"}) ||
		!strings.Contains(*lines[1].Row, `"s-2"`) || lines[1].Violations[0].Field != "record.artifact" || lines[2].Row != nil || lines[2].Line != 3 {
		t.Errorf("got %+v", lines)
	}
}

const artifactOfHalfAMiB = 512 << 10

func TestRefusedFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "refused.jsonl")
	fake := startFake(t, &fakeService{refuse: refuseAll})
	for range 3 { // runs of one daemon
		l, log := newTestLogger(t, fake.address, Options{RefusedFile: path})
		for range refusedRowsMax / 2 {
			l.Append(prompted("a"))
		}
		flush(t, l)
		if full := len(readRefused(t, path)) == refusedRowsMax; strings.Contains(log.String(), "it has room for") && !full {
			t.Errorf("it logged %s", log)
		}
	}
	full := t.TempDir() + "/full.jsonl"
	l, _ := newTestLogger(t, fake.address, Options{RefusedFile: full, BufferBytes: 4 * refusedBytesMax})
	for i := range 2 * refusedBytesMax / artifactOfHalfAMiB {
		l.Append(Record{SessionID: fmt.Sprint("s-", i), Artifact: map[string]any{"a": strings.Repeat("a", artifactOfHalfAMiB)}})
	}
	flush(t, l)
	if lines := readRefused(t, full); len(lines) != refusedBytesMax/artifactOfHalfAMiB-1 {
		t.Errorf("it has %d long lines", len(lines))
	}
	if lines := readRefused(t, path); len(lines) != refusedRowsMax || lines[refusedRowsMax-1].Line != refusedRowsMax {
		t.Errorf("it has %d lines", len(lines))
	}
}

func TestRefusedFileThatCannotBeWrittenIsLoggedOnce(t *testing.T) {
	fake := startFake(t, &fakeService{refuse: refuseAll})
	l, log := newTestLogger(t, fake.address, Options{RefusedFile: t.TempDir()})
	for range 3 {
		l.Append(prompted("a"))
	}
	flush(t, l)
	if wantStats(t, l, Stats{Refused: 3}); strings.Count(log.String(), "a refused row cannot be kept") != 1 {
		t.Errorf("it logged %s", log)
	}
}

func TestStatsHaveTheOldestAgeAndTheLastError(t *testing.T) {
	fake := startFake(t, &fakeService{})
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{})
	if stats := l.Stats(); stats.OldestAge != 0 || stats.LastError != "" {
		t.Errorf("at first they are %+v", stats)
	}
	l.Append(prompted("a"))
	eventually(t, "the call failed", func() bool { return strings.Contains(l.Stats().LastError, "connection refused") })
	age := l.Stats().OldestAge
	if l.Append(prompted("b")); age <= 0 || l.Stats().OldestAge < age {
		t.Errorf("its age is %v, then %v", age, l.Stats().OldestAge)
	}
	l, _ = newTestLogger(t, fake.address, Options{})
	l.Append(prompted("a"))
	flush(t, l)
	if age := l.Stats().OldestAge; age != 0 {
		t.Errorf("of nothing it is %v", age)
	}
}
