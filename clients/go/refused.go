package sessionlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// The bounds of Options.RefusedFile.
const (
	refusedRowsMax  = 1_000
	refusedBytesMax = 16 << 20
)

// refuse logs a row that is refused, and keeps it.
func (l *SessionLogger) refuse(row []byte, refusal *RefusedError) {
	record, _ := decodeRecord(row)
	l.diagnostics.refused(record.GetSessionId(), record.GetDaemon(), refusal)
	l.keepRefused(row, refusal)
}

// refuseUnencoded does the same with a record that cannot be encoded, but writes after Append has returned. The row that is
// kept has no artifact, and is null when it cannot be encoded without one either.
func (l *SessionLogger) refuseUnencoded(record Record, refusal *RefusedError) {
	l.diagnostics.refused(record.SessionID, record.Daemon, refusal)
	if l.refusedFile.path == "" {
		return
	}
	record.Artifact = nil
	row, _ := encodeRecord(&record, l.options.MaxMessageBytes)
	l.diagnostics.notices.later(func() { l.keepRefused(row, refusal) })
}

func (l *SessionLogger) keepRefused(row []byte, refusal *RefusedError) {
	if err := l.refusedFile.add(row, refusal); err != nil {
		l.diagnostics.once("a refused row cannot be kept", "refused_file", l.options.RefusedFile, "error", err)
	}
}

// refusedFile has a line for each refused row, also of earlier runs.
type refusedFile struct {
	path string // empty: none

	mu    sync.Mutex
	lines int // in the file; 0: not counted yet
}

type refusedLine struct {
	Line       int             `json:"line"`
	Violations []violationJSON `json:"violations"`
	Omitted    int             `json:"violations_omitted,omitempty"`
	Row        *string         `json:"row"`
}

type violationJSON struct {
	Field       string `json:"field"`
	Description string `json:"description"`
	Reason      string `json:"reason"`
}

// add appends a line unless the file is full.
func (f *refusedFile) add(row []byte, refusal *RefusedError) (err error) {
	if f.path == "" {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if f.lines == 0 {
		if f.lines, err = countLines(file); err != nil {
			return err
		}
	}
	line := refusedLine{Line: f.lines + 1, Omitted: refusal.Count - len(refusal.Violations)}
	for _, violation := range refusal.Violations {
		line.Violations = append(line.Violations, violationJSON(violation))
	}
	if row != nil {
		if text, err := rowLine(row); err == nil { // else the row has what JSON cannot have
			text := string(text)
			line.Row = &text
		}
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if size, err := file.Seek(0, io.SeekEnd); err != nil || f.lines >= refusedRowsMax || int(size)+len(text) >= refusedBytesMax {
		return errors.Join(err, fmt.Errorf("it has room for %d rows and %d bytes", refusedRowsMax, refusedBytesMax))
	}
	f.lines++
	_, err = file.Write(append(text, '\n'))
	return err
}

func countLines(source io.Reader) (lines int, err error) {
	buffer := make([]byte, 64<<10)
	for err == nil && lines < refusedRowsMax {
		var read int
		read, err = source.Read(buffer)
		lines += bytes.Count(buffer[:read], []byte{'\n'})
	}
	if err == io.EOF {
		err = nil
	}
	return lines, err
}
