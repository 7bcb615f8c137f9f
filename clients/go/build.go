package sessionlog

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
)

const (
	errorTextCodePointsMax = 800 // of an error, in BuildSessionRecord and Session
	errorCausesMax         = 16
)

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
// neither: then infraErr, if there is one, becomes the attempt after those of `history`, which counts for this end only.
// rosterCheck may be nil; it is called with accepted artifacts, and counts as unknown when it panics.
func BuildSessionRecord(
	request Request, response *Response, failure *Failure, infraErr error, rosterCheck RosterCheck, durationMs int64,
	history ...Attempt,
) Record {
	record := Record{
		SessionID:     request.TraceID,
		Kind:          request.Kind,
		Model:         request.Model,
		Provider:      request.Provider,
		Prompt:        cutText(request.Prompt, limits.PromptCodePointsMax),
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
		record.Iterations = countAnswered(history)
		record.Attempts = history
		if infraErr != nil && !lastFailed(history) {
			attempt := Attempt{VerdictKind: VerdictInfraError, Error: errorText(infraErr)}
			record.Attempts = appendAttempt(slices.Clone(history), attempt)
		}
	}
	return record
}

// countAnswered counts the attempts that the model answered, which are a session's iterations.
func countAnswered(attempts []Attempt) (count int) {
	for _, attempt := range attempts {
		if attempt.VerdictKind != VerdictInfraError {
			count++
		}
	}
	return count
}

func lastFailed(attempts []Attempt) bool {
	return len(attempts) > 0 && attempts[len(attempts)-1].VerdictKind == VerdictInfraError
}

// appendAttempt gives an attempt its iteration. When there are too many, it replaces the last one.
func appendAttempt(attempts []Attempt, attempt Attempt) []Attempt {
	if len(attempts) > 0 {
		attempt.Iteration = attempts[len(attempts)-1].Iteration + 1
	}
	return append(attempts[:min(len(attempts), limits.AttemptsMax-1)], attempt)
}

// errorText returns the text of an error and of those causes that it does not contain, cut; empty for nil.
func errorText(err error) string {
	text := ""
	for _, cause := range withCauses(err) {
		message := messageOf(cause)
		switch {
		case text == "":
			text = message
		case !strings.Contains(text, message):
			text += ": " + message
		}
	}
	return cutText(text, errorTextCodePointsMax)
}

// messageOf returns an error's text, or that Error panicked, as for a nil pointer in an error.
func messageOf(err error) (text string) {
	defer func() {
		if panicked := recover(); panicked != nil {
			text = fmt.Sprintf("Error of a %T panicked: %v", err, panicked)
		}
	}()
	return err.Error()
}

// withCauses returns an error and its causes, not too many: an error may contain itself, and its Unwrap may panic.
func withCauses(err error) (errs []error) {
	defer func() { _ = recover() }()
	if err != nil {
		errs = []error{err}
	}
	for i := 0; i < len(errs) && len(errs) < errorCausesMax; i++ {
		switch err := errs[i].(type) {
		case interface{ Unwrap() error }:
			if cause := err.Unwrap(); cause != nil {
				errs = append(errs, cause)
			}
		case interface{ Unwrap() []error }:
			errs = append(errs, err.Unwrap()...)
		}
	}
	return errs
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
