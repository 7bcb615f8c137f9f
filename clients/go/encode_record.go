package sessionlog

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// encodeRecord returns the record as a BatchAppendSessionsRequest of at most maxBytes that has nothing else, or why it is
// refused. Such requests, joined, are the request with all of their records.
func encodeRecord(record *Record, maxBytes int) ([]byte, *Violation) {
	artifact, violation := artifactStruct(record.Artifact, maxBytes)
	if violation != nil {
		return nil, violation
	}
	b := newBounds("record", maxBytes)
	message := &sessionlogv1.SessionRecord{
		Schema:           b.text("record.schema", record.Schema),
		SessionId:        b.text("record.session_id", record.SessionID),
		Daemon:           b.text("record.daemon", record.Daemon),
		Kind:             b.text("record.kind", record.Kind),
		Model:            b.text("record.model", record.Model),
		Provider:         b.text("record.provider", record.Provider),
		Prompt:           b.text("record.prompt", cutText(record.Prompt, limits.PromptCodePointsMax)),
		Iterations:       b.integer("record.iterations", record.Iterations),
		MaxIterations:    b.integer("record.max_iterations", record.MaxIterations),
		FinalVerdict:     b.text("record.final_verdict", record.FinalVerdict),
		Artifact:         artifact,
		GroundedInRoster: record.GroundedInRoster,
		DurationMs:       record.DurationMs,
	}
	if !record.Timestamp.IsZero() {
		message.Timestamp = timestamppb.New(record.Timestamp)
	}
	for i := 0; i < len(record.Attempts) && b.violation == nil; i++ {
		attempt, path := &record.Attempts[i], fmt.Sprintf("record.attempts[%d].", i)
		b.spend(2) // its tag and length
		message.Attempts = append(message.Attempts, &sessionlogv1.SessionAttempt{
			Iteration:   b.integer(path+"iteration", attempt.Iteration),
			VerdictKind: b.text(path+"verdict_kind", attempt.VerdictKind),
			Error:       b.text(path+"error", cutText(attempt.Error, limits.ErrorCodePointsMax)),
			SpanId:      b.text(path+"span_id", attempt.SpanID),
		})
	}
	if b.violation != nil {
		return nil, b.violation
	}
	request := &sessionlogv1.BatchAppendSessionsRequest{Records: []*sessionlogv1.SessionRecord{message}}
	row, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	switch {
	case err != nil:
		return nil, &Violation{Field: "record", Reason: "INVALID_FORMAT", Description: err.Error()}
	case len(row) > maxBytes:
		return nil, tooLong("record", maxBytes)
	}
	return row, nil
}

// decodeRecord returns the record that encodeRecord encoded.
func decodeRecord(row []byte) (*sessionlogv1.SessionRecord, error) {
	request := new(sessionlogv1.BatchAppendSessionsRequest)
	if err := proto.Unmarshal(row, request); err != nil {
		return nil, err
	}
	return request.GetRecords()[0], nil
}
