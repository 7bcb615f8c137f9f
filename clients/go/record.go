package sessionlog

import (
	"time"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// The known values of Record.FinalVerdict and Attempt.VerdictKind.
const (
	VerdictAccepted         = "accepted"
	VerdictMaxIterExhausted = "max_iter_exhausted"
	VerdictInfraError       = "infra_error"
	VerdictNoJSON           = "no_json"
	VerdictValidationFailed = "validation_failed"
)

// Record is one session: one generate, validate, retry loop. Its fields are those of sessionlog.v1.SessionRecord, whose
// comments have their rules.
type Record struct {
	Schema        string    // empty: the service stamps it
	SessionID     string    // the trace id; empty: 32 random hex digits
	Timestamp     time.Time // zero: the time of the append
	Daemon        string    // empty: Options.Daemon
	Kind          string
	Model         string
	Provider      string
	Prompt        string // cut to the schema's limit of code points
	Iterations    int
	MaxIterations int
	FinalVerdict  string
	Attempts      []Attempt
	// Artifact is what was accepted: anything that is an object in JSON, such as a map[string]any, a struct with json
	// tags, a json.RawMessage or a *structpb.Struct; nil when there is none. A value that contains itself is refused. A
	// MarshalJSON of the daemon's own that recurses without end ends the process, as anywhere in Go.
	Artifact any
	// GroundedInRoster is whether every person named in the artifact is on the roster; nil when nobody checked.
	GroundedInRoster *bool
	DurationMs       int64
}

// Attempt is one attempt within a session.
type Attempt struct {
	Iteration   int    // 0 or more, strictly rising within the session
	VerdictKind string // VerdictNoJSON, VerdictValidationFailed, VerdictAccepted or VerdictInfraError
	Error       string // why it was refused; cut like Record.Prompt
	SpanID      string // the attempt's span in the trace; may be empty
}

// RecordFromProto makes a Record of the generated message, for daemons that have one; an empty one of nil. It shares the
// message's artifact.
func RecordFromProto(message *sessionlogv1.SessionRecord) Record {
	if message == nil {
		return Record{}
	}
	record := Record{
		Schema:           message.GetSchema(),
		SessionID:        message.GetSessionId(),
		Daemon:           message.GetDaemon(),
		Kind:             message.GetKind(),
		Model:            message.GetModel(),
		Provider:         message.GetProvider(),
		Prompt:           message.GetPrompt(),
		Iterations:       int(message.GetIterations()),
		MaxIterations:    int(message.GetMaxIterations()),
		FinalVerdict:     message.GetFinalVerdict(),
		GroundedInRoster: message.GroundedInRoster,
		DurationMs:       message.GetDurationMs(),
	}
	if message.GetTimestamp() != nil {
		record.Timestamp = message.GetTimestamp().AsTime()
	}
	if message.GetArtifact() != nil {
		record.Artifact = message.GetArtifact()
	}
	for _, attempt := range message.GetAttempts() {
		record.Attempts = append(record.Attempts, Attempt{
			Iteration:   int(attempt.GetIteration()),
			VerdictKind: attempt.GetVerdictKind(),
			Error:       attempt.GetError(),
			SpanID:      attempt.GetSpanId(),
		})
	}
	return record
}
