package sessionlog

import (
	"cmp"
	"fmt"
	"log/slog"
)

// infraErrorCodePointsMax is how much of an infrastructure error BuildSessionRecord keeps.
const infraErrorCodePointsMax = 800

// Request is what a daemon was asked to do in a session.
type Request struct {
	Kind          string
	Model         string
	Provider      string
	Prompt        string
	MaxIterations int
	TraceID       string // the session's id, for example from TraceIDFromHeader; may be empty
}

// Response is the end of an accepted session.
type Response struct {
	Iterations int
	History    []Attempt // the last one is accepted
	Artifact   any       // see Record.Artifact
	TraceID    string    // used when the request has none
}

// Failure is the end of a session whose attempts are used up.
type Failure struct {
	Iterations int
	History    []Attempt
	TraceID    string // used when the request has none
}

// RosterCheck reports whether everybody whom an artifact names is on the roster; nil when that is not known.
type RosterCheck func(artifact any) *bool

// BuildSessionRecord makes the record of a session from how it ended: with a response, which wins, with a failure, or with
// neither: then infraErr becomes its one attempt, and without it there is none. rosterCheck may be nil; it is called with
// accepted artifacts, and counts as unknown when it panics.
func BuildSessionRecord(
	request Request, response *Response, failure *Failure, infraErr error, rosterCheck RosterCheck, durationMs int64,
) Record {
	record := Record{
		SessionID:     request.TraceID,
		Kind:          request.Kind,
		Model:         request.Model,
		Provider:      request.Provider,
		Prompt:        cutText(request.Prompt, promptCodePointsMax),
		MaxIterations: request.MaxIterations,
		DurationMs:    durationMs,
	}
	switch {
	case response != nil:
		record.FinalVerdict = VerdictAccepted
		record.Iterations = response.Iterations
		record.Attempts = response.History
		record.Artifact = response.Artifact
		record.GroundedInRoster = askRoster(rosterCheck, response.Artifact)
		record.SessionID = cmp.Or(request.TraceID, response.TraceID)
	case failure != nil:
		record.FinalVerdict = VerdictMaxIterExhausted
		record.Iterations = failure.Iterations
		record.Attempts = failure.History
		record.SessionID = cmp.Or(request.TraceID, failure.TraceID)
	default:
		record.FinalVerdict = VerdictInfraError
		if infraErr != nil {
			cut := cutText(errorText(infraErr), infraErrorCodePointsMax)
			record.Attempts = []Attempt{{VerdictKind: VerdictInfraError, Error: cut}}
		}
	}
	return record
}

// errorText returns an error's text, or that Error panicked, as for a nil pointer in an error.
func errorText(err error) (text string) {
	defer func() {
		if panicked := recover(); panicked != nil {
			text = fmt.Sprintf("Error of a %T panicked: %v", err, panicked)
		}
	}()
	return err.Error()
}

func askRoster(check RosterCheck, artifact any) (grounded *bool) {
	if check == nil {
		return nil
	}
	defer func() {
		if panicked := recover(); panicked != nil {
			slog.Warn("the roster check of a session panicked; grounded_in_roster is left out", "panic", panicked)
			grounded = nil
		}
	}()
	return check(artifact)
}
