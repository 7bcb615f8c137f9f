package sessionlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// errorCase is a text, or a list of an error's text and those of its causes.
type errorCase struct{ error }

// causedError is an error whose text does not have its cause's.
type causedError struct {
	text  string
	cause error
}

func (e *causedError) Error() string { return e.text }
func (e *causedError) Unwrap() error { return e.cause }

func (e *errorCase) UnmarshalJSON(text []byte) error {
	var one string
	var several []string
	if json.Unmarshal(text, &one) == nil {
		several = []string{one}
	} else if err := json.Unmarshal(text, &several); err != nil {
		return err
	}
	for i := len(several) - 1; i >= 0; i-- {
		e.error = &causedError{several[i], e.error}
	}
	return nil
}

type sessionCase struct {
	Request struct {
		Kind, Model, Provider, Prompt string
		MaxIterations                 int `json:"max_iterations"`
	}
	Roster []string
	Calls  []struct {
		NoJSON           *errorCase `json:"no_json"`
		ValidationFailed *errorCase `json:"validation_failed"`
		Accept           any
		Fail             *errorCase
	}
	End struct{ Error errorCase }
	Row json.RawMessage
}

func (c sessionCase) request() Request {
	return Request{Kind: c.Request.Kind, Model: c.Request.Model, Provider: c.Request.Provider,
		Prompt: c.Request.Prompt, MaxIterations: c.Request.MaxIterations}
}

func (c sessionCase) row(t *testing.T) *sessionlogv1.SessionRecord {
	t.Helper()
	want := new(sessionlogv1.SessionRecord)
	if err := protojson.Unmarshal(c.Row, want); err != nil {
		t.Fatal(err)
	}
	return want
}

func (c sessionCase) run(l *SessionLogger) (err error) {
	roster := map[string]bool{}
	for _, id := range c.Roster {
		roster[id] = true
	}
	var options []SessionOption
	if c.Roster != nil {
		options = append(options, WithRoster(RosterCheckFor(c.Request.Kind, func(id string) bool { return roster[id] })))
	}
	s := l.Session(context.Background(), c.request(), options...)
	defer s.End(&err)
	for _, call := range c.Calls {
		switch {
		case call.NoJSON != nil:
			s.NoJSON(call.NoJSON.error)
		case call.ValidationFailed != nil:
			s.ValidationFailed(call.ValidationFailed.error)
		case call.Fail != nil:
			s.Fail(call.Fail.error)
		default:
			s.Accept(call.Accept)
		}
	}
	return c.End.Error.error
}

// endedSessions are the rows of a fake without what differs from run to run.
func endedSessions(t *testing.T, l *SessionLogger, fake *fakeService) []*sessionlogv1.SessionRecord {
	t.Helper()
	flush(t, l)
	for _, row := range fake.rows {
		row.SessionId, row.Timestamp, row.Daemon, row.DurationMs = "", nil, "", 0
	}
	return fake.rows
}

func TestSession(t *testing.T) {
	for name, test := range readCases[sessionCase](t, "sessions.jsonl") {
		fake := startFake(t, &fakeService{})
		l, log := newTestLogger(t, fake.address, Options{})
		if err := test.run(l); err != test.End.Error.error {
			t.Errorf("%s: the function's error became %v", name, err)
		}
		rows := endedSessions(t, l, fake)
		if want := test.row(t); len(rows) != 1 || !proto.Equal(rows[0], want) {
			t.Errorf("%s:\n%v, want\n%v; %s", name, rows, want, log)
		}
	}
}

func TestBuildSessionRecordKeepsTheAttemptsThatRanBeforeAnError(t *testing.T) {
	for name, test := range readCases[sessionCase](t, "sessions.jsonl") {
		want := test.row(t)
		if want.GetFinalVerdict() != VerdictInfraError {
			continue
		}
		record := RecordFromProto(want)
		history, last := record.Attempts[:len(record.Attempts)-1], record.Attempts[len(record.Attempts)-1]
		before := fmt.Sprint(history)
		built := BuildSessionRecord(test.request(), nil, nil, errors.New(last.Error), nil, 0, history...)
		told := BuildSessionRecord(test.request(), nil, nil, errors.New("another"), nil, 0, record.Attempts...)
		if !reflect.DeepEqual(built, record) || !reflect.DeepEqual(told, record) || fmt.Sprint(history) != before {
			t.Errorf("%s:\n%+v and\n%+v, want\n%+v", name, built, told, record)
		}
	}
}

func TestSessionOfALoggerThatIsOffDoesNothing(t *testing.T) {
	err := errors.New("down")
	s := NewSessionLogger("", Options{}).Session(nil, Request{})
	s.NoJSON(nil)
	s.Accept(nil)
	s.Accept(nil)
	s.End(&err)
	if len(s.ID()) != 32 {
		t.Errorf("the id is %q", s.ID())
	}
}

// ended runs a function with a session that it defers the end of, and returns the one row and the log.
func ended(t *testing.T, ctx context.Context, do func(s *Session) error) (*sessionlogv1.SessionRecord, *capturedLog) {
	t.Helper()
	fake := startFake(t, &fakeService{})
	l, log := newTestLogger(t, fake.address, Options{})
	s := l.Session(ctx, Request{Kind: KindFill, MaxIterations: 3})
	func() (err error) {
		defer s.End(&err)
		return do(s)
	}()
	s.End(nil)
	rows := endedSessions(t, l, fake)
	if len(rows) != 1 {
		t.Fatalf("there are %d rows; %s", len(rows), log)
	}
	return rows[0], log
}

func TestSessionEnd(t *testing.T) {
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("the caller is gone"))
	var none *faultyError
	endless := &causedError{text: "endless"}
	endless.cause = endless
	for name, test := range map[string]struct {
		ctx     context.Context
		do      func(s *Session) error
		verdict string
		error   string // of the last attempt
	}{
		"exhausted":        {nil, func(*Session) error { return fmt.Errorf("422: %w", ErrExhausted) }, VerdictMaxIterExhausted, ""},
		"cancelled":        {cancelled, func(s *Session) error { s.NoJSON(nil); return nil }, VerdictInfraError, "the caller is gone"},
		"cancelled later":  {cancelled, func(s *Session) error { s.NoJSON(nil); s.NoJSON(nil); s.NoJSON(nil); return nil }, VerdictMaxIterExhausted, ""},
		"a faulty error":   {nil, func(*Session) error { return none }, VerdictInfraError, "Error of a *sessionlog.faultyError panicked"},
		"an endless error": {nil, func(*Session) error { return endless }, VerdictInfraError, "endless"},
		"joined errors":    {nil, func(*Session) error { return errors.Join(errors.New("a"), errors.New("b")) }, VerdictInfraError, "a\nb"},
	} {
		row, log := ended(t, test.ctx, test.do)
		text := ""
		if attempts := row.GetAttempts(); len(attempts) > 0 {
			text = attempts[len(attempts)-1].GetError()
		}
		if row.GetFinalVerdict() != test.verdict || !strings.HasPrefix(text, test.error) || test.error == "" && text != "" {
			t.Errorf("%s: %v; %s", name, row, log)
		}
	}
}

func TestSessionEndLetsAPanicThrough(t *testing.T) {
	for _, value := range []any{errors.New("as an error"), "as a text"} {
		fake := startFake(t, &fakeService{})
		l, _ := newTestLogger(t, fake.address, Options{})
		panicked := func() (recovered any) {
			defer func() { recovered = recover() }()
			var err error
			s := l.Session(context.Background(), Request{Kind: KindFill})
			defer s.End(&err)
			s.NoJSON(errors.New("a"))
			panic(value)
		}()
		rows := endedSessions(t, l, fake)
		if panicked != value || len(rows) != 1 || rows[0].GetFinalVerdict() != VerdictInfraError ||
			rows[0].GetAttempts()[1].GetError() != fmt.Sprintf("panic: %v", value) {
			t.Errorf("it panicked with %v; %v", panicked, rows)
		}
	}
}

type panickingArtifact struct{}

func (panickingArtifact) MarshalJSON() ([]byte, error) { panic("no JSON today") }

func TestSessionWithAnArtifactThatIsRefused(t *testing.T) {
	recursive := map[string]any{}
	recursive["self"] = recursive
	huge := make([]int, limits.ArtifactBytesMax+1)
	for name, artifact := range map[string]any{
		"no object": []int{1}, "a channel": map[string]any{"c": make(chan int)}, "it panics": panickingArtifact{},
		"it contains itself": recursive, "it is huge": map[string]any{"list": huge}, "nothing": nil,
	} {
		l, log := newTestLogger(t, "127.0.0.1:1", Options{})
		s := l.Session(context.Background(), Request{Kind: KindFill})
		s.Accept(artifact)
		s.End(nil)
		if stats := l.Stats(); name != "nothing" && (stats.Refused != 1 || !strings.Contains(log.String(), s.ID())) {
			t.Errorf("%s: %+v; %s", name, stats, log)
		}
	}
}

func TestSessionLogsCallsThatComeTooLateOnce(t *testing.T) {
	_, log := ended(t, nil, func(s *Session) error {
		s.Accept(map[string]any{})
		s.Accept(map[string]any{})
		s.NoJSON(nil)
		return nil
	})
	if strings.Count(log.String(), "after Accept or End") != 1 {
		t.Errorf("it logged %s", log)
	}
}

func TestSessionOfManyGoroutinesIsOneRow(t *testing.T) {
	row, _ := ended(t, nil, func(s *Session) error {
		var group sync.WaitGroup
		for range 8 {
			group.Add(1)
			go func() {
				defer group.Done()
				s.ValidationFailed(errors.New("a"))
				s.Accept(map[string]any{})
				s.End(nil)
			}()
		}
		group.Wait()
		return nil
	})
	if attempts := row.GetAttempts(); row.GetFinalVerdict() != VerdictAccepted || int(row.GetIterations()) != len(attempts) {
		t.Errorf("got %v", row)
	}
}

func TestSessionOfALoopThatNeverEndsIsBounded(t *testing.T) {
	row, _ := ended(t, nil, func(s *Session) error {
		for range 3 * limits.AttemptsMax {
			s.NoJSON(errors.New("a"))
		}
		s.Accept(map[string]any{})
		return nil
	})
	if attempts := row.GetAttempts(); len(attempts) != limits.AttemptsMax || attempts[limits.AttemptsMax-1].GetVerdictKind() != VerdictAccepted {
		t.Errorf("there are %d attempts", len(attempts))
	}
}

func spanContext() context.Context {
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4, 5, 6},
	}))
}

const spanTraceID = "01020300000000000000000000000000"

func TestTraceIDFromContextReadsSpansAfterMetadata(t *testing.T) {
	if id := TraceIDFromContext(spanContext()); id != spanTraceID {
		t.Errorf("the span's id is %q", id)
	}
	called := metadata.NewIncomingContext(spanContext(), metadata.Pairs(traceIDKey, "of-the-call"))
	if id := TraceIDFromContext(called); id != "of-the-call" {
		t.Errorf("the call's id is %q", id)
	}
}

func TestSessionAndAppendTakeTheTraceIDOfTheSpan(t *testing.T) {
	for source, want := range map[TraceIDs]bool{TraceIDsFromSpan: true, TraceIDsFromHeader: false} {
		fake := startFake(t, &fakeService{})
		l, _ := newTestLogger(t, fake.address, Options{TraceIDs: source})
		s := l.Session(spanContext(), Request{Kind: KindFill})
		s.NoJSON(nil)
		s.End(nil)
		l.AppendContext(spanContext(), prompted("b"))
		l.AppendContext(nil, prompted("random"))
		flush(t, l)
		if _, err := l.AppendSync(spanContext(), prompted("c")); err != nil {
			t.Fatal(err)
		}
		for _, row := range fake.rows {
			if is := row.GetSessionId() == spanTraceID; is != (want && row.GetPrompt() != "random") || len(row.GetSessionId()) != 32 {
				t.Errorf("%v: %v", source, row)
			}
		}
		if id := fake.rows[0].GetAttempts()[0].GetSpanId(); id != "0405060000000000" {
			t.Errorf("the span is %q", id)
		}
		if s := l.Session(spanContext(), Request{TraceID: "given"}); s.ID() != "given" {
			t.Errorf("the given id became %q", s.ID())
		}
	}
}
