package sessionlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

type answer = func(ctx context.Context, call int, records []*sessionlogv1.SessionRecord) error

// failFirst fails the first calls with err.
func failFirst(calls int, err error) answer {
	return func(_ context.Context, call int, _ []*sessionlogv1.SessionRecord) error {
		if call < calls {
			return err
		}
		return nil
	}
}

func TestSenderRetries(t *testing.T) {
	for name, err := range map[string]error{
		"UNAVAILABLE":                       status.Error(codes.Unavailable, "draining"),
		"UNAVAILABLE with RetryInfo":        retryAfter(codes.Unavailable, time.Millisecond),
		"RESOURCE_EXHAUSTED with RetryInfo": retryAfter(codes.ResourceExhausted, time.Millisecond),
		"DEADLINE_EXCEEDED":                 status.Error(codes.DeadlineExceeded, "a proxy's"),
		"CANCELLED":                         status.Error(codes.Canceled, "a proxy's"),
		"ABORTED":                           status.Error(codes.Aborted, "again"),
	} {
		fake := startFake(t, &fakeService{answer: failFirst(3, err)})
		l, log := newTestLogger(t, fake.address, Options{})
		l.Append(prompted("a"))
		flush(t, l)
		wantStats(t, l, Stats{Appended: 1, Retried: 3})
		first, _ := proto.Marshal(fake.calls[0][0])
		last, _ := proto.Marshal(fake.calls[3][0])
		if !bytes.Equal(first, last) {
			t.Errorf("%s: the retry is another row", name)
		}
		if log.lines() != 2 || !strings.Contains(log.String(), "is unavailable; rows are buffered") || !strings.Contains(log.String(), "is available again") {
			t.Errorf("%s: it logged %s", name, log)
		}
	}
}

func TestSenderHonoursRetryInfo(t *testing.T) {
	const delay = 150 * time.Millisecond
	var times []time.Time
	fake := startFake(t, &fakeService{answer: func(_ context.Context, call int, _ []*sessionlogv1.SessionRecord) error {
		times = append(times, time.Now())
		if call == 0 {
			return retryAfter(codes.ResourceExhausted, delay)
		}
		return nil
	}})
	l, _ := newTestLogger(t, fake.address, Options{})
	l.Append(prompted("a"))
	flush(t, l)
	if waited := times[1].Sub(times[0]); waited < delay {
		t.Errorf("it waited for %v", waited)
	}
}

func TestFlushAndCloseCutABackOffShort(t *testing.T) {
	for name, end := range map[string]func(*SessionLogger, context.Context) error{
		"Flush": (*SessionLogger).Flush, "Close": (*SessionLogger).Close,
	} {
		fake := startFake(t, &fakeService{answer: failFirst(1, status.Error(codes.Unavailable, "starting"))})
		l, log := newTestLogger(t, fake.address, Options{MinBackoff: time.Hour, MaxBackoff: time.Hour})
		l.Append(prompted("a"))
		eventually(t, "the call failed", func() bool { return log.lines() == 1 })
		ctx, cancel := context.WithTimeout(context.Background(), testTimeout/4)
		defer cancel()
		if err := end(l, ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantStats(t, l, Stats{Appended: 1, Retried: 1})
	}
}

func TestFlushDoesNotCutShortWhatTheServiceAskedFor(t *testing.T) {
	fake := startFake(t, &fakeService{answer: failFirst(1, retryAfter(codes.Unavailable, time.Hour))})
	l, log := newTestLogger(t, fake.address, Options{})
	l.Append(prompted("a"))
	eventually(t, "the call failed", func() bool { return log.lines() == 1 })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := l.Flush(ctx); err == nil || len(fake.callSizes()) != 1 {
		t.Errorf("%v; %d calls", err, len(fake.callSizes()))
	}
}

func TestFlushReconnectsAtOnce(t *testing.T) {
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := reserved.Addr().String()
	_ = reserved.Close()
	never := grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: time.Hour, MaxDelay: time.Hour}}
	l, _ := newTestLogger(t, address, Options{DialOptions: []grpc.DialOption{grpc.WithConnectParams(never)}})
	l.Append(prompted("a"))
	eventually(t, "it was tried again", func() bool { return l.Stats().Retried > 0 })
	startFake(t, &fakeService{address: address})
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout/4)
	defer cancel()
	if err := l.Flush(ctx); err != nil {
		t.Error(err)
	}
}

func TestSenderCountsWhatArrivedBeforeARetryAsDuplicate(t *testing.T) {
	fake := &fakeService{}
	fake.answer = func(_ context.Context, call int, records []*sessionlogv1.SessionRecord) error {
		if call == 0 {
			fake.store(records)
			return status.Error(codes.Unavailable, "the reply was lost")
		}
		return nil
	}
	startFake(t, fake)
	l, _ := newTestLogger(t, fake.address, Options{})
	l.Append(prompted("a"))
	flush(t, l)
	wantStats(t, l, Stats{Duplicate: 1, Retried: 1})
	if fake.prompts() != "a" {
		t.Errorf("stored %q", fake.prompts())
	}
}

func TestSenderRetriesSlowCalls(t *testing.T) {
	fake := startFake(t, &fakeService{answer: func(ctx context.Context, call int, _ []*sessionlogv1.SessionRecord) error {
		if call > 0 {
			return nil
		}
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}})
	l, _ := newTestLogger(t, fake.address, Options{CallTimeout: 50 * time.Millisecond})
	l.Append(prompted("a"))
	flush(t, l)
	if stats := l.Stats(); stats.Appended+stats.Duplicate != 1 || stats.Retried == 0 {
		t.Errorf("stats are %+v", stats)
	}
}

// refusePoison refuses calls that have the poisoned record, as a whole.
func refusePoison(err error) answer {
	return func(_ context.Context, _ int, records []*sessionlogv1.SessionRecord) error {
		for _, record := range records {
			if record.GetPrompt() == "poison" {
				return err
			}
		}
		return nil
	}
}

func TestSenderSplitsBatchesThatAreRefusedAsAWhole(t *testing.T) {
	tooLong := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "records", Reason: "TOO_LONG", Description: "over 8 MiB together"},
	}}
	for want, err := range map[string]error{
		"record RESOURCE_EXHAUSTED: message larger than max": status.Error(codes.ResourceExhausted, "message larger than max"),
		"records TOO_LONG: over 8 MiB together":              statusWith(codes.InvalidArgument, "records", tooLong),
		"record INTERNAL: a fault":                           status.Error(codes.Internal, "a fault"),
		"record FAILED_PRECONDITION: not this daemon":        status.Error(codes.FailedPrecondition, "not this daemon"),
		"record NOT_FOUND: a fault":                          status.Error(codes.NotFound, "a fault"),
	} {
		release := make(chan struct{})
		poison := refusePoison(err)
		fake := startFake(t, &fakeService{answer: func(ctx context.Context, call int, records []*sessionlogv1.SessionRecord) error {
			<-release
			return poison(ctx, call, records)
		}})
		l, log := newTestLogger(t, fake.address, Options{})
		l.Append(prompted("first"))
		eventually(t, "the first row is in progress", func() bool { return len(fake.callSizes()) == 1 })
		for i := range 9 {
			l.Append(prompted(fmt.Sprint(i)))
			if i == 4 {
				l.Append(prompted("poison"))
			}
		}
		close(release)
		flush(t, l)
		if got := fake.prompts(); got != "first 0 1 2 3 4 5 6 7 8" {
			t.Errorf("stored %q; calls %v", got, fake.callSizes())
		}
		wantStats(t, l, Stats{Appended: 10, Refused: 1})
		if log.lines() != 1 || !strings.Contains(log.String(), want) {
			t.Errorf("it logged %s", log)
		}
	}
}

func TestSenderGivesUpWhenItIsNotAllowed(t *testing.T) {
	for _, failed := range []codes.Code{codes.FailedPrecondition, codes.Unimplemented} {
		fake := startFake(t, &fakeService{answer: failFirst(1_000, status.Error(failed, "not you"))})
		l, log := newTestLogger(t, fake.address, Options{})
		for range 5 {
			l.Append(prompted("a"))
			flush(t, l)
		}
		wantStats(t, l, Stats{Refused: 5})
		if log.lines() != 1 || !strings.Contains(log.String(), code.Code(failed).String()) || len(fake.callSizes()) != 5 {
			t.Errorf("%v: %d calls; it logged %s", failed, len(fake.callSizes()), log)
		}
	}
}

func TestSenderLogsEachReasonForARefusalOnce(t *testing.T) {
	fake := startFake(t, &fakeService{refuse: func(record *sessionlogv1.SessionRecord) []*sessionlogv1.Violation {
		switch record.GetPrompt() {
		case "kind":
			return []*sessionlogv1.Violation{{Field: "record.kind", Reason: "NOT_ALLOWED", Description: "expected fill"}}
		case "both":
			return []*sessionlogv1.Violation{
				{Field: "record.kind", Reason: "NOT_ALLOWED", Description: "expected fill"},
				{Field: fmt.Sprintf("record.attempts[%d].iteration", len(record.SessionId)), Reason: "INCONSISTENT"},
			}
		}
		return nil
	}})
	l, log := newTestLogger(t, fake.address, Options{})
	for _, record := range []Record{
		{Prompt: "kind"}, {Prompt: "kind"}, {Prompt: "fine"}, {Prompt: "both", SessionID: "s"}, {Prompt: "both", SessionID: "st"},
	} {
		l.Append(record)
		flush(t, l)
	}
	wantStats(t, l, Stats{Appended: 1, Refused: 4})
	if log.lines() != 2 || !strings.Contains(log.String(), "record.kind NOT_ALLOWED: expected fill") ||
		!strings.Contains(log.String(), "record.attempts[1].iteration INCONSISTENT") {
		t.Errorf("it logged %s", log)
	}
}

func TestSenderCutsBatchesByRowsAndBytes(t *testing.T) {
	release := make(chan struct{})
	fake := startFake(t, &fakeService{answer: func(context.Context, int, []*sessionlogv1.SessionRecord) error {
		<-release
		return nil
	}})
	l, _ := newTestLogger(t, fake.address, Options{BatchRows: 4, BatchBytes: 100 << 10})
	l.Append(prompted("first"))
	eventually(t, "the first row is in progress", func() bool { return len(fake.callSizes()) == 1 })
	for range 6 {
		l.Append(prompted("small"))
	}
	for range 3 {
		l.Append(Record{Artifact: map[string]any{"blob": strings.Repeat("x", 60<<10)}})
	}
	l.Append(Record{Artifact: map[string]any{"blob": strings.Repeat("x", 200<<10)}})
	l.Append(prompted("small"))
	close(release)
	flush(t, l)
	if want := []int{1, 4, 3, 1, 1, 1, 1}; !slices.Equal(fake.callSizes(), want) {
		t.Errorf("calls of %v records, want %v", fake.callSizes(), want)
	}
}

func TestSenderGivesUpOnStrangeReplies(t *testing.T) {
	strange := func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
		return &sessionlogv1.BatchAppendSessionsResponse{}, nil
	}
	fake := startFake(t, &fakeService{}, grpc.UnaryInterceptor(strange))
	l, log := newTestLogger(t, fake.address, Options{})
	l.Append(prompted("a"))
	flush(t, l)
	wantStats(t, l, Stats{Refused: 1})
	if !strings.Contains(log.String(), "0 results for 1 records") {
		t.Errorf("it logged %s", log)
	}
	if _, err := l.AppendSync(testContext(t), prompted("a")); !errors.Is(err, errBadReply) {
		t.Errorf("AppendSync: %v", err)
	}
}

func TestBackoffDoublesUpToItsBound(t *testing.T) {
	l := NewSessionLogger("127.0.0.1:1", Options{})
	for attempt, want := range []time.Duration{100, 200, 400, 800, 1600, 2000, 2000} {
		want *= time.Millisecond
		if got := l.backoff(attempt); got > want || got < want*3/4 {
			t.Errorf("attempt %d: %v, want about %v", attempt, got, want)
		}
	}
	if got := l.backoff(1_000_000); got > 2*time.Second || got < 0 {
		t.Errorf("after long: %v", got)
	}
}
