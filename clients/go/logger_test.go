package sessionlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

func TestSessionLoggerThatIsOffDoesNothing(t *testing.T) {
	for name, l := range map[string]*SessionLogger{"nil": nil, "no address": NewSessionLogger("", Options{})} {
		l.Append(Record{})
		result, err := l.AppendSync(context.Background(), Record{})
		if l.Enabled() || result != (Result{}) || err != nil || l.Flush(context.Background()) != nil ||
			l.Close(context.Background()) != nil || l.Stats() != (Stats{}) {
			t.Errorf("%s: it does something: %v %v", name, result, err)
		}
	}
}

func TestNewSessionLoggerLogsBadOptionsOnce(t *testing.T) {
	for _, address := range []string{"here", "http://127.0.0.1:50051", ":50051", "127.0.0.1:port", "127.0.0.1:70000", "a b:c:d"} {
		l, log := newTestLogger(t, address, Options{})
		l.Append(prompted("a"))
		l.Append(prompted("b"))
		if _, err := l.AppendSync(context.Background(), prompted("c")); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: AppendSync: %v", address, err)
		}
		if l.Flush(context.Background()) != nil || l.Close(context.Background()) != nil {
			t.Errorf("%s: Flush or Close fail", address)
		}
		wantStats(t, l, Stats{Dropped: 3})
		if log.lines() != 1 || !strings.Contains(log.String(), "expected host:port or unix:/path") {
			t.Errorf("%s: it logged %s", address, log)
		}
	}
	for _, token := range []string{"secret\n", "secret\x00", "secret é", "secret\x7f"} {
		l, log := newTestLogger(t, "127.0.0.1:1", Options{Token: token})
		l.Append(prompted("a"))
		l.Append(prompted("b"))
		wantStats(t, l, Stats{Dropped: 2})
		if log.lines() != 1 || !strings.Contains(log.String(), "token") || strings.Contains(log.String(), "secret") {
			t.Errorf("%q: it logged %s", token, log)
		}
	}
	_, log := newTestLogger(t, "log.example:50051", Options{Token: "secret"})
	if !strings.Contains(log.String(), "a token needs TLS") || strings.Contains(log.String(), "secret") {
		t.Errorf("it logged %s", log)
	}
	for _, address := range []string{"127.0.0.1:50051", "[::1]:1", "unix:/run/sessionlog.sock", "dns:///log.example:50051", "dns:53"} {
		if _, log := newTestLogger(t, address, Options{Token: "secret", InsecureToken: true}); log.lines() != 0 {
			t.Errorf("%s: it logged %s", address, log)
		}
	}
}

func TestAppendStampsWhatARecordLeavesEmpty(t *testing.T) {
	fake := startFake(t, &fakeService{})
	before := time.Now()
	l, log := newTestLogger(t, fake.address, Options{Daemon: "validatord"})
	l.Append(prompted("stamped"))
	l.Append(Record{SessionID: "mine", Daemon: "other", Timestamp: time.Unix(1, 2), Prompt: "kept"})
	flush(t, l)
	if fake.prompts() != "stamped kept" {
		t.Fatalf("stored %q; %s", fake.prompts(), log)
	}
	stamped, kept := fake.rows[0], fake.rows[1]
	if len(stamped.SessionId) != 32 || strings.Trim(stamped.SessionId, "0123456789abcdef") != "" {
		t.Errorf("session id %q", stamped.SessionId)
	}
	if at := stamped.Timestamp.AsTime(); at.Before(before) || at.After(time.Now()) || stamped.Daemon != "validatord" {
		t.Errorf("stamped %v", stamped)
	}
	if kept.SessionId != "mine" || kept.Daemon != "other" || !kept.Timestamp.AsTime().Equal(time.Unix(1, 2)) {
		t.Errorf("kept %v", kept)
	}
	wantStats(t, l, Stats{Appended: 2})
}

func TestNewSessionLoggerNamesTheDaemonAfterTheProgram(t *testing.T) {
	if l, _ := newTestLogger(t, "127.0.0.1:1", Options{}); l.options.Daemon != "go.test" {
		t.Errorf("the daemon is %q", l.options.Daemon)
	}
	for name, want := range map[string]string{
		"validatord": "validatord", "my daemon (2).sh": "mydaemon2.sh", "größe": "gre", "\xff日本": "",
		strings.Repeat("d", 70): strings.Repeat("d", limits.DaemonLengthMax),
	} {
		if got := daemonName(name); got != want {
			t.Errorf("daemonName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestAppendTakesASnapshot(t *testing.T) {
	fake := startFake(t, &fakeService{})
	l, _ := newTestLogger(t, fake.address, Options{})
	grounded := true
	record := Record{
		Prompt: "p", Attempts: []Attempt{{Error: "before"}}, Artifact: map[string]any{"k": "before"}, GroundedInRoster: &grounded,
	}
	l.Append(record)
	record.Attempts[0].Error = "after"
	record.Artifact.(map[string]any)["k"] = "after"
	grounded = false
	flush(t, l)
	row := fake.rows[0]
	if row.Attempts[0].Error != "before" || row.Artifact.Fields["k"].GetStringValue() != "before" || !row.GetGroundedInRoster() {
		t.Errorf("stored %v", row)
	}
}

func TestAppendCountsAndLogsOnceWhatCannotBeEncoded(t *testing.T) {
	fake := startFake(t, &fakeService{})
	l, log := newTestLogger(t, fake.address, Options{})
	cyclic := map[string]any{}
	cyclic["self"] = cyclic
	for range 3 {
		l.Append(Record{SessionID: "s-1", Artifact: cyclic})
		l.Append(Record{Artifact: map[any]any{"k": 1}})
		l.Append(Record{Artifact: panicking{}})
	}
	l.Append(prompted("fine"))
	flush(t, l)
	wantStats(t, l, Stats{Appended: 1, Refused: 9})
	for _, part := range []string{"session_id=s-1", "record.artifact TOO_DEEP", "record.artifact INVALID_FORMAT"} {
		if strings.Count(log.String(), part) != 1 {
			t.Errorf("not once %q: %s", part, log)
		}
	}
	if log.lines() != 2 {
		t.Errorf("it logged %s", log)
	}
}

type panickingHandler struct{ slog.Handler }

func (panickingHandler) Enabled(context.Context, slog.Level) bool { panic("no log today") }

func TestAppendSurvivesALogThatPanics(t *testing.T) {
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{Logger: slog.New(panickingHandler{})})
	l.Append(Record{Artifact: 1})
	l.Append(prompted("fine"))
	if stats := l.Stats(); stats.Pending != 1 {
		t.Errorf("stats are %+v", stats)
	}
}

// heldHandler writes nothing before it is released.
type heldHandler struct {
	slog.Handler
	release chan struct{}
}

func (h heldHandler) Handle(ctx context.Context, record slog.Record) error {
	<-h.release
	return h.Handler.Handle(ctx, record)
}

func TestAppendDoesNotWaitForTheLog(t *testing.T) {
	text := new(capturedLog)
	held := heldHandler{text.logger().Handler(), make(chan struct{})}
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{Logger: slog.New(held), BufferRows: 1, CloseTimeout: time.Millisecond})
	appended := make(chan struct{})
	go func() {
		defer close(appended)
		l.Append(Record{Artifact: map[string]any{"n": math.NaN()}})
		l.Append(prompted("a"))
		l.Append(prompted("overflow"))
		for i := range 10 * noticesMax { // reasons that are not the same
			l.diagnostics.refused("", "", refusedBy(&Violation{Field: strings.Repeat("f", i)}))
		}
	}()
	select {
	case <-appended:
	case <-time.After(testTimeout / 4):
		t.Error("it waits")
	}
	close(held.release)
	<-appended
	_ = l.Close(context.Background())
	for _, part := range []string{"record.artifact NOT_FINITE", "buffer is full"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("not logged %q: %s", part, text)
		}
	}
	if text.lines() > noticesMax+10 {
		t.Errorf("it logged %d lines", text.lines())
	}
}

func TestCloseDoesNotWaitLongForTheLog(t *testing.T) {
	held := heldHandler{new(capturedLog).logger().Handler(), make(chan struct{})}
	defer close(held.release)
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{Logger: slog.New(held), CloseTimeout: time.Millisecond})
	l.Append(prompted("a"))
	closed := make(chan error, 1)
	go func() { closed <- l.Close(context.Background()) }()
	select {
	case err := <-closed:
		if err == nil {
			t.Error("Close returned nothing")
		}
	case <-time.After(testTimeout / 4):
		t.Error("it waits")
	}
}

func TestAppendDropsWhenTheBufferIsFull(t *testing.T) {
	for overflow, want := range map[Overflow]string{DropOldest: "held 4 5 6", DropNewest: "held 1 2 3"} {
		release := make(chan struct{})
		fake := startFake(t, &fakeService{answer: func(context.Context, int, []*sessionlogv1.SessionRecord) error {
			<-release
			return nil
		}})
		l, log := newTestLogger(t, fake.address, Options{Overflow: overflow, BufferRows: 4})
		l.Append(prompted("held"))
		eventually(t, "the first row is in progress", func() bool { return len(fake.callSizes()) == 1 })
		for i := range 6 {
			l.Append(prompted(fmt.Sprint(i + 1)))
		}
		wantStats(t, l, Stats{Pending: 4, Dropped: 3})
		close(release)
		flush(t, l)
		if fake.prompts() != want {
			t.Errorf("stored %q, want %q", fake.prompts(), want)
		}
		wantStats(t, l, Stats{Appended: 4, Dropped: 3})
		if log.lines() != 1 || !strings.Contains(log.String(), "buffer is full") {
			t.Errorf("it logged %s", log)
		}
	}
}

func TestAppendBoundsTheBufferInBytes(t *testing.T) {
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{BufferBytes: 100 << 10, BufferRows: 1 << 20})
	for range 1_000 {
		l.Append(prompted(strings.Repeat("x", 1_000)))
	}
	if l.queue.bytes > 100<<10 || l.Stats().Pending < 80 || l.Stats().Pending+l.Stats().Dropped != 1_000 {
		t.Errorf("%d bytes, %+v", l.queue.bytes, l.Stats())
	}
	pending := l.Stats().Pending
	l.Append(Record{Artifact: map[string]any{"blob": strings.Repeat("x", 200<<10)}})
	if l.Stats().Pending != pending {
		t.Errorf("a row that never fits made others go: %+v", l.Stats())
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{})
	l.Append(prompted("waits"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := l.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Flush: %v", err)
	}
	if l.Stats().Pending != 1 {
		t.Errorf("stats are %+v", l.Stats())
	}
}

func TestCloseSendsWhatIsBuffered(t *testing.T) {
	fake := startFake(t, &fakeService{})
	l, log := newTestLogger(t, fake.address, Options{BatchRows: 7})
	for i := range 100 {
		l.Append(prompted(fmt.Sprint(i)))
	}
	if err := l.Close(testContext(t)); err != nil {
		t.Fatal(err)
	}
	l.Append(prompted("late"))
	if _, err := l.AppendSync(context.Background(), prompted("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("AppendSync: %v", err)
	}
	wantStats(t, l, Stats{Appended: 100, Dropped: 2})
	if log.lines() != 1 || l.Close(context.Background()) != nil {
		t.Errorf("it logged %s", log)
	}
}

func TestCloseOfAnUnusedLogger(t *testing.T) {
	l, log := newTestLogger(t, "127.0.0.1:1", Options{})
	if err := l.Close(context.Background()); err != nil || log.lines() != 0 {
		t.Errorf("Close: %v; %s", err, log)
	}
}

func TestCloseDropsWhatItCannotSend(t *testing.T) {
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{CloseTimeout: 10 * time.Millisecond})
	l.Append(prompted("a"))
	l.Append(prompted("b"))
	err := l.Close(context.Background())
	var unsent *UnsentError
	if !errors.As(err, &unsent) || unsent.Rows != 2 || unsent.Spilled != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	if stats := l.Stats(); stats.Dropped != 2 || stats.Pending != 0 {
		t.Errorf("stats are %+v", stats)
	}
}

func TestCloseCancelsTheCallInProgress(t *testing.T) {
	fake := startFake(t, &fakeService{answer: func(ctx context.Context, _ int, _ []*sessionlogv1.SessionRecord) error {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}})
	l, _ := newTestLogger(t, fake.address, Options{CloseTimeout: 10 * time.Millisecond})
	l.Append(prompted("in progress"))
	eventually(t, "a call came", func() bool { return len(fake.callSizes()) == 1 })
	if err := l.Close(context.Background()); err == nil {
		t.Error("Close returned nothing")
	}
	wantStats(t, l, Stats{Dropped: 1})
}

func TestSessionLoggerIsSafeForManyGoroutines(t *testing.T) {
	fake := startFake(t, &fakeService{answer: func(_ context.Context, call int, _ []*sessionlogv1.SessionRecord) error {
		if call%3 == 1 {
			return retryAfter(codes.Unavailable, time.Millisecond)
		}
		return nil
	}})
	l, log := newTestLogger(t, fake.address, Options{})
	const goroutines, each = 32, 313
	var group sync.WaitGroup
	for g := range goroutines {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range each {
				l.Append(prompted(fmt.Sprintf("%d.%d", g, i)))
				if i%100 == 0 {
					l.Stats()
					if _, err := l.AppendSync(context.Background(), prompted(fmt.Sprintf("sync %d.%d", g, i))); err != nil {
						t.Error(err)
					}
				}
			}
		}()
	}
	group.Wait()
	if err := l.Close(testContext(t)); err != nil {
		t.Fatal(err)
	}
	stats := l.Stats()
	want := uint64(goroutines * (each + 4))
	if stats.Appended != want || stats.Dropped+stats.Duplicate+stats.Refused != 0 || uint64(len(fake.rows)) != want {
		t.Errorf("%d rows, %+v; %s", len(fake.rows), stats, log)
	}
}
