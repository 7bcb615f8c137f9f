package sessionlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// ErrExhausted is for a function that returns an error when no attempt was accepted: Session.End takes it, also wrapped, for
// max_iter_exhausted and not for an infrastructure error.
var ErrExhausted = errors.New("sessionlog: no attempt was accepted")

// Session is one generate, validate, retry loop. End appends it as one record. Its methods never fail or block, and may be
// called by several goroutines; after Accept or End they do nothing, which is logged once.
type Session struct {
	log    *SessionLogger // nil: off
	ctx    context.Context
	roster RosterCheck
	began  time.Time

	mu       sync.Mutex
	request  Request
	attempts []Attempt
	artifact any // of the last attempt, which is accepted
	accepted bool
	ended    bool
}

// SessionOption is an option of SessionLogger.Session.
type SessionOption func(*Session)

// WithRoster has the accepted artifact checked at the end, see RosterCheckFor.
func WithRoster(check RosterCheck) SessionOption { return func(s *Session) { s.roster = check } }

// Session begins a session. A request without a TraceID gets that of the context, see TraceIDFromContext, else a random one.
// The attempts get the context's span.
//
//	s := log.Session(ctx, sessionlog.Request{Kind: "fill", Prompt: prompt, MaxIterations: 3}, sessionlog.WithRoster(check))
//	defer s.End(&err)
func (l *SessionLogger) Session(ctx context.Context, request Request, options ...SessionOption) *Session {
	if ctx == nil {
		ctx = context.Background()
	}
	if request.TraceID = cmp.Or(request.TraceID, l.traceID(ctx)); request.TraceID == "" {
		request.TraceID = newSessionID()
	}
	s := &Session{log: l, ctx: ctx, request: request, began: time.Now()}
	for _, option := range options {
		option(s)
	}
	return s
}

// ID returns the session's id, which is its trace id.
func (s *Session) ID() string { return s.request.TraceID }

// History returns the attempts so far.
func (s *Session) History() []Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempts)
}

// NoJSON adds an attempt whose answer had no JSON.
func (s *Session) NoJSON(err error) { s.add(VerdictNoJSON, err, nil) }

// ValidationFailed adds an attempt whose answer was refused.
func (s *Session) ValidationFailed(err error) { s.add(VerdictValidationFailed, err, nil) }

// Accept adds the last attempt and what it accepted, see Record.Artifact, which must not be changed before End has returned.
func (s *Session) Accept(artifact any) { s.add(VerdictAccepted, nil, artifact) }

// Fail adds an attempt that got no answer, for a function that does not return the error. Further attempts may follow.
func (s *Session) Fail(err error) { s.add(VerdictInfraError, err, nil) }

func (s *Session) add(kind string, err error, artifact any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accepted || s.ended {
		if s.log != nil {
			s.log.diagnostics.once("a session was changed after Accept or End; such calls do nothing", "session_id", s.ID())
		}
		return
	}
	s.artifact, s.accepted = artifact, kind == VerdictAccepted
	s.attempts = appendAttempt(s.attempts, Attempt{VerdictKind: kind, Error: errorText(err)})
	if span := trace.SpanContextFromContext(s.ctx); span.HasSpanID() {
		s.attempts[len(s.attempts)-1].SpanID = span.SpanID().String()
	}
}

// End appends the session when it is called first. The verdict is accepted after Accept; infra_error when the last attempt
// failed, `err` has an error, the deferring function panics, which continues, or the context ended before MaxIterations
// attempts; else max_iter_exhausted. Defer it directly, with the address of the function's named error or with nil.
func (s *Session) End(err *error) {
	panicked := recover()
	if panicked != nil {
		defer panic(panicked)
	}
	duration := time.Since(s.began)
	s.mu.Lock()
	wasEnded := s.ended
	s.ended = true // from here on nothing changes
	s.mu.Unlock()
	if wasEnded || s.log == nil {
		return
	}
	record := s.record(s.failure(err, panicked))
	record.DurationMs = duration.Milliseconds()
	s.log.Append(record)
}

// failure returns why the infrastructure failed, beside what Fail said; nil when it did not.
func (s *Session) failure(err *error, panicked any) error {
	cause, isError := panicked.(error)
	switch {
	case isError:
		return fmt.Errorf("panic: %w", cause)
	case panicked != nil:
		return fmt.Errorf("panic: %v", panicked)
	case err != nil && *err != nil:
		if slices.Contains(withCauses(*err), ErrExhausted) { // errors.Is may not end
			return nil
		}
		return *err
	case countAnswered(s.attempts) < s.request.MaxIterations:
		return context.Cause(s.ctx)
	}
	return nil
}

func (s *Session) record(failure error) Record {
	iterations := countAnswered(s.attempts)
	switch {
	case s.accepted:
		response := &Response{Iterations: iterations, History: s.attempts, Artifact: s.artifact}
		return BuildSessionRecord(s.request, response, nil, nil, s.roster, 0)
	case failure != nil || lastFailed(s.attempts):
		return BuildSessionRecord(s.request, nil, nil, failure, nil, 0, s.attempts...)
	default:
		return BuildSessionRecord(s.request, nil, &Failure{Iterations: iterations, History: s.attempts}, nil, nil, 0)
	}
}
