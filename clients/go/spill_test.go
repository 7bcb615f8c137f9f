package sessionlog

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCloseSpillsWhatItCannotSend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spill.jsonl")
	if err := os.WriteFile(path, []byte(`{"torn":`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{SpillFile: path, CloseTimeout: 10 * time.Millisecond})
	record, _ := typicalRecord()
	l.Append(record)
	l.Append(prompted("second \xff\nline"))
	l.Append(Record{Prompt: "a year that JSON cannot say", Timestamp: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)})
	err := l.Close(context.Background())
	var unsent *UnsentError
	if !errors.As(err, &unsent) || unsent.Rows != 3 || unsent.Spilled != 2 || unsent.SpillFile != path {
		t.Fatalf("Close: %v", err)
	}
	if stats := l.Stats(); stats.Spilled != 2 || stats.Dropped != 1 || stats.Pending != 0 {
		t.Errorf("stats are %+v", stats)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[0] != `{"torn":` || lines[3] != "" {
		t.Fatalf("the file is %s", text)
	}
	var first, second struct {
		SessionID  string `json:"session_id"`
		Timestamp  time.Time
		DurationMs string `json:"duration_ms"`
		Prompt     string
	}
	if err := errors.Join(json.Unmarshal([]byte(lines[1]), &first), json.Unmarshal([]byte(lines[2]), &second)); err != nil {
		t.Fatal(err)
	}
	if first.SessionID != record.SessionID || !first.Timestamp.Equal(record.Timestamp) || first.DurationMs != "1840" {
		t.Errorf("first is %+v", first)
	}
	if len(second.SessionID) != 32 || second.Prompt != "second \uFFFD\nline" || second.Timestamp.IsZero() {
		t.Errorf("second is %+v", second)
	}
}

func TestCloseReturnsThatItCannotSpill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "spill.jsonl")
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{SpillFile: path, CloseTimeout: 10 * time.Millisecond})
	l.Append(prompted("a"))
	err := l.Close(context.Background())
	if !errors.Is(err, os.ErrNotExist) || !errors.Is(err, context.DeadlineExceeded) || l.Stats().Dropped != 1 {
		t.Errorf("Close: %v; %+v", err, l.Stats())
	}
	row, _ := encodeRecord(&Record{}, roomy)
	if spilled, err := writeSpilled("/dev/full", [][]byte{row}); spilled != 0 || err == nil {
		t.Errorf("a full disk: %d %v", spilled, err)
	}
}
