package sessionlog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"time"

	"go.opentelemetry.io/otel/trace"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
)

// A handler from beginning to end: it counts nothing, and whatever happens the session becomes one row.
func ExampleSessionLogger_Session() {
	log := sessionlog.NewSessionLogger("", sessionlog.Options{}) // no address: off
	defer log.Close(context.Background())

	answers := []string{"Let me think.", `{"fills": []}`, `{"fills": [{"worker_id": "W-1042"}]}`}
	ask := func() (answer string, err error) {
		answer, answers = answers[0], answers[1:]
		return answer, nil
	}
	var s *sessionlog.Session
	fill := func(ctx context.Context, prompt string) (artifact map[string][]any, err error) {
		s = log.Session(ctx, sessionlog.Request{Kind: sessionlog.KindFill, Prompt: prompt, MaxIterations: 3})
		defer s.End(&err)
		for range 3 {
			answer, err := ask()
			if err != nil {
				return nil, err // the row's verdict is infra_error
			}
			if err := json.Unmarshal([]byte(answer), &artifact); err != nil {
				s.NoJSON(err)
			} else if len(artifact["fills"]) == 0 {
				s.ValidationFailed(errors.New("fills: at least one is required"))
			} else {
				s.Accept(artifact)
				return artifact, nil
			}
		}
		return nil, sessionlog.ErrExhausted // max_iter_exhausted
	}
	artifact, err := fill(context.Background(), "Fill 1 welder slot.")
	fmt.Println(artifact["fills"], err)
	for _, attempt := range s.History() {
		fmt.Println(attempt.Iteration, attempt.VerdictKind)
	}
	// Output:
	// [map[worker_id:W-1042]] <nil>
	// 0 no_json
	// 1 validation_failed
	// 2 accepted
}

// A daemon that has its session's end as a whole builds the record at once.
func ExampleSessionLogger_Append() {
	log := sessionlog.NewSessionLogger("", sessionlog.Options{}) // no address: off
	defer log.Close(context.Background())

	roster := map[string]bool{"W-1042": true}
	check := sessionlog.RosterCheckFor(sessionlog.KindFill, func(id string) bool { return roster[id] })

	request := sessionlog.Request{Kind: sessionlog.KindFill, Model: "qwen3:8b", Provider: "ollama", Prompt: "Fill 1 slot.", MaxIterations: 3}
	response := &sessionlog.Response{
		Iterations: 1,
		History:    []sessionlog.Attempt{{Iteration: 0, VerdictKind: sessionlog.VerdictAccepted}},
		Artifact:   map[string]any{"fills": []any{map[string]any{"candidate_id": "W-1042"}}},
	}
	record := sessionlog.BuildSessionRecord(request, response, nil, nil, check, 1840)
	log.Append(record)
	fmt.Println(record.FinalVerdict, *record.GroundedInRoster)
	// Output: accepted true
}

// Who wants to know what became of the row asks for the answer.
func ExampleSessionLogger_AppendSync() {
	log := sessionlog.NewSessionLogger("127.0.0.1:1", sessionlog.Options{})
	defer log.Close(context.Background())
	_, err := log.AppendSync(context.Background(), sessionlog.Record{Artifact: "not an object"})
	var refused *sessionlog.RefusedError
	if errors.As(err, &refused) {
		fmt.Println(refused.Violations[0].Field, refused.Violations[0].Reason)
	}
	// Output: record.artifact INVALID_FORMAT
}

// A check finds the workers where a fill usually names them, or at paths of one's own; nil is unknown.
func ExampleRosterCheckFor() {
	roster := map[string]bool{"W-1042": true}
	check := sessionlog.RosterCheckFor(sessionlog.KindFill, func(id string) bool { return roster[id] }, "shifts[].workers[].id")
	type object = map[string]any
	for _, id := range []string{"W-1042", "W-9999"} {
		grounded := check(object{"shifts": []any{object{"workers": []any{object{"id": id}}}}})
		fmt.Println(id, *grounded)
	}
	fmt.Println(check(object{"shifts": []any{}}))
	// Output:
	// W-1042 true
	// W-9999 false
	// <nil>
}

// SIGTERM ends a program without its deferred calls, unless it is caught: serve until then, and close last.
func ExampleSessionLogger_Close() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) // and syscall.SIGTERM
	defer stop()
	log := sessionlog.NewSessionLogger("127.0.0.1:1", sessionlog.Options{CloseTimeout: 100 * time.Millisecond})
	serveUntil(ctx, log)
	var unsent *sessionlog.UnsentError
	if err := log.Close(context.Background()); errors.As(err, &unsent) {
		fmt.Println(unsent.Rows, "row is lost: the session log is down, and there is no SpillFile")
	}
	// Output: 1 row is lost: the session log is down, and there is no SpillFile
}

func serveUntil(ctx context.Context, log *sessionlog.SessionLogger) {
	log.Append(sessionlog.Record{Kind: sessionlog.KindFill, FinalVerdict: sessionlog.VerdictInfraError})
	self, _ := os.FindProcess(os.Getpid())
	_ = self.Signal(os.Interrupt)
	<-ctx.Done()
}

// The session's id is the trace id: that of the incoming call, else of the span that OpenTelemetry or Langfuse has begun.
func ExampleTraceIDFromContext() {
	traceID, _ := trace.TraceIDFromHex("4bf92f3577b34da6a3ce929d0e0e4736")
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{1}})
	ctx := trace.ContextWithSpanContext(context.Background(), span) // as tracer.Start does
	fmt.Println(sessionlog.TraceIDFromContext(ctx))

	header := http.Header{"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
	fmt.Println(sessionlog.TraceIDFromHeader(header))
	// Output:
	// 4bf92f3577b34da6a3ce929d0e0e4736
	// 0af7651916cd43dd8448eb211c80319c
}

// The numbers to watch, as Prometheus reads them: alert on the age, and on what is dropped.
func ExampleSessionLogger_Stats() {
	log := sessionlog.NewSessionLogger("", sessionlog.Options{})
	metrics := func(w http.ResponseWriter, _ *http.Request) {
		stats := log.Stats()
		fmt.Fprintln(w, "sessionlog_rows_appended_total", stats.Appended)
		fmt.Fprintln(w, "sessionlog_rows_refused_total", stats.Refused)
		fmt.Fprintln(w, "sessionlog_rows_dropped_total", stats.Dropped)
		fmt.Fprintln(w, "sessionlog_oldest_age_seconds", stats.OldestAge.Seconds())
	}
	scraped := httptest.NewRecorder()
	metrics(scraped, nil)
	fmt.Print(scraped.Body)
	// Output:
	// sessionlog_rows_appended_total 0
	// sessionlog_rows_refused_total 0
	// sessionlog_rows_dropped_total 0
	// sessionlog_oldest_age_seconds 0
}
