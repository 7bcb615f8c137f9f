package sessionlog

import (
	"bytes"
	"fmt"
	"math"
	"sync"
)

var writers = sync.Pool{New: func() any { return new(backwardWriter) }}

// pooledWriterBytes is the largest buffer that is kept for the next record.
const pooledWriterBytes = 256 << 10

// encodeRecord is the record as a sessionlog.v1.SessionRecord of at most maxBytes, or why there is none.
func encodeRecord(record *Record, maxBytes int) (row []byte, violation *Violation) {
	w := writers.Get().(*backwardWriter)
	w.reset(maxBytes)
	defer func() {
		if panicked := recover(); panicked != nil { // in a MarshalJSON of the artifact's
			row, violation = nil, artifactViolation("INVALID_FORMAT", fmt.Sprintf("encoding it panicked: %v", panicked))
		}
		if len(w.buffer) <= pooledWriterBytes {
			writers.Put(w)
		}
	}()

	w.integerField(15, record.DurationMs)
	if record.GroundedInRoster != nil {
		w.boolField(14, *record.GroundedInRoster)
	}
	if violation = writeArtifact(w, 13, record.Artifact); violation != nil {
		return nil, violation
	}
	for i := len(record.Attempts) - 1; i >= 0; i-- {
		mark := w.length()
		writeAttempt(w, &record.Attempts[i])
		w.closeMessage(12, mark)
		if w.tooLong() {
			return nil, recordTooLong(maxBytes)
		}
	}
	w.textField(11, record.FinalVerdict)
	w.integerField(10, int32Range(record.MaxIterations))
	w.integerField(9, int32Range(record.Iterations))
	w.textField(8, cutText(record.Prompt, maxPromptCodePoints))
	w.textField(7, record.Provider)
	w.textField(6, record.Model)
	w.textField(5, record.Kind)
	w.textField(4, record.Daemon)
	if !record.Timestamp.IsZero() {
		mark := w.length()
		w.integerField(2, int64(record.Timestamp.Nanosecond()))
		w.integerField(1, record.Timestamp.Unix())
		w.closeMessage(3, mark)
	}
	w.textField(2, record.SessionID)
	w.textField(1, record.Schema)
	if w.tooLong() {
		return nil, recordTooLong(maxBytes)
	}
	return bytes.Clone(w.written()), nil
}

func writeAttempt(w *backwardWriter, attempt *Attempt) {
	w.textField(4, attempt.SpanID)
	w.textField(3, cutText(attempt.Error, maxAttemptErrorCodePoints))
	w.textField(2, attempt.VerdictKind)
	w.integerField(1, int32Range(attempt.Iteration))
}

// int32Range keeps a number that its field cannot hold out of range, instead of making another one of it.
func int32Range(value int) int64 {
	return min(max(int64(value), math.MinInt32), math.MaxInt32)
}
