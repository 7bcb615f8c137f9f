package sessionlog

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// testTimeout is how long a test waits for what is sure to come.
const testTimeout = 60 * time.Second

// fakeService keeps what it is sent, each row once, and answers as `answer` says.
type fakeService struct {
	sessionlogv1.UnimplementedSessionLogServer
	address string

	mu    sync.Mutex
	calls [][]*sessionlogv1.SessionRecord
	rows  []*sessionlogv1.SessionRecord
	known map[string]bool
	// answer, when set, may fail a call, whose number is from 0, or let it pass with nil. It runs without the lock.
	answer func(ctx context.Context, call int, records []*sessionlogv1.SessionRecord) error
	// refuse, when set, returns the violations of records that are refused.
	refuse func(record *sessionlogv1.SessionRecord) []*sessionlogv1.Violation
}

// startFake serves until the test ends, at fake.address or else on a free port.
func startFake(t *testing.T, fake *fakeService, options ...grpc.ServerOption) *fakeService {
	t.Helper()
	listener, err := net.Listen("tcp", cmp.Or(fake.address, "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	fake.address = listener.Addr().String()
	server := grpc.NewServer(options...)
	sessionlogv1.RegisterSessionLogServer(server, fake)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return fake
}

func (f *fakeService) BatchAppendSessions(
	ctx context.Context, request *sessionlogv1.BatchAppendSessionsRequest,
) (*sessionlogv1.BatchAppendSessionsResponse, error) {
	f.mu.Lock()
	call := len(f.calls)
	f.calls = append(f.calls, request.GetRecords())
	f.mu.Unlock()
	if f.answer != nil {
		if err := f.answer(ctx, call, request.GetRecords()); err != nil {
			return nil, err
		}
	}
	return f.store(request.GetRecords()), nil
}

func (f *fakeService) store(records []*sessionlogv1.SessionRecord) *sessionlogv1.BatchAppendSessionsResponse {
	f.mu.Lock()
	defer f.mu.Unlock()
	reply := new(sessionlogv1.BatchAppendSessionsResponse)
	for _, record := range records {
		reply.Results = append(reply.Results, f.storeOne(record))
	}
	return reply
}

func (f *fakeService) storeOne(record *sessionlogv1.SessionRecord) *sessionlogv1.AppendResult {
	if f.refuse != nil {
		if violations := f.refuse(record); len(violations) > 0 {
			return &sessionlogv1.AppendResult{Outcome: &sessionlogv1.AppendResult_Rejected{
				Rejected: &sessionlogv1.Rejection{Violations: violations, ViolationCount: int32(len(violations))},
			}}
		}
	}
	key, _ := proto.MarshalOptions{Deterministic: true}.Marshal(record)
	duplicate := f.known[string(key)]
	if !duplicate {
		if f.known == nil {
			f.known = map[string]bool{}
		}
		f.known[string(key)] = true
		f.rows = append(f.rows, record)
	}
	return &sessionlogv1.AppendResult{Outcome: &sessionlogv1.AppendResult_Appended{
		Appended: &sessionlogv1.AppendSessionResponse{
			SessionId: record.GetSessionId(), Timestamp: record.GetTimestamp(),
			Sequence: uint64(len(f.rows)), Duplicate: duplicate,
		},
	}}
}

// prompts are those of the stored rows, joined by blanks.
func (f *fakeService) prompts() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	texts := make([]string, len(f.rows))
	for i, row := range f.rows {
		texts[i] = row.GetPrompt()
	}
	return strings.Join(texts, " ")
}

// callSizes are how many records each call had.
func (f *fakeService) callSizes() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	sizes := make([]int, len(f.calls))
	for i, records := range f.calls {
		sizes[i] = len(records)
	}
	return sizes
}

// statusWith is an error with a detail.
func statusWith(code codes.Code, message string, detail protoadapt.MessageV1) error {
	detailed, err := status.New(code, message).WithDetails(detail)
	if err != nil {
		panic(err)
	}
	return detailed.Err()
}

func retryAfter(code codes.Code, delay time.Duration) error {
	return statusWith(code, "try again", &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
}

// capturedLog is a slog.Logger and what it wrote. It first waits for the notices, if there are any.
type capturedLog struct {
	notices *notices

	mu   sync.Mutex
	text bytes.Buffer
}

func (c *capturedLog) Write(text []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if bytes.Contains(text, []byte(`msg="session log: `)) { // what is in effect, for tests of their own
		return len(text), nil
	}
	return c.text.Write(text)
}

func (c *capturedLog) String() string {
	if c.notices != nil {
		c.notices.wait(testTimeout)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

func (c *capturedLog) lines() int { return strings.Count(c.String(), "\n") }

func (c *capturedLog) logger() *slog.Logger { return slog.New(slog.NewTextHandler(c, nil)) }

// newTestLogger has short waits, and is cancelled when the test ends.
func newTestLogger(t *testing.T, address string, options Options) (*SessionLogger, *capturedLog) {
	t.Helper()
	log := new(capturedLog)
	if options.Logger == nil {
		options.Logger = log.logger()
	}
	if options.MinBackoff == 0 {
		options.MinBackoff = time.Millisecond
	}
	if options.MaxBackoff == 0 {
		options.MaxBackoff = 20 * time.Millisecond
	}
	l := NewSessionLogger(address, options)
	log.notices = l.diagnostics.notices
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = l.Close(ctx)
	})
	return l, log
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

func flush(t *testing.T, l *SessionLogger) {
	t.Helper()
	if err := l.Flush(testContext(t)); err != nil {
		t.Fatalf("%v; %+v", err, l.Stats())
	}
}

// prompted is a good record with that prompt.
func prompted(prompt string) Record {
	return Record{Kind: KindFill, Prompt: prompt, FinalVerdict: VerdictInfraError}
}

func wantStats(t *testing.T, l *SessionLogger, want Stats) {
	t.Helper()
	got := l.Stats()
	got.OldestAge, got.LastError = 0, "" // for tests of their own
	if got != want {
		t.Errorf("stats are\n%+v, want\n%+v", got, want)
	}
}

// eventually asks until it is so.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(testTimeout)
	for !isSo() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("not so in time: %s", what)
		}
	}
}

// decodeRow is an encoded record.
func decodeRow(t *testing.T, row []byte) *sessionlogv1.SessionRecord {
	t.Helper()
	record, err := decodeRecord(row)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// readCases reads a file of the cases that all clients share, by name.
func readCases[T any](t *testing.T, file string) map[string]T {
	t.Helper()
	text, err := os.ReadFile("../cases/" + file)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]T{}
	for line := range strings.Lines(string(text)) {
		var name struct{ Name string }
		var one T
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber() // 1e999 is for the client to refuse
		if err := errors.Join(json.Unmarshal([]byte(line), &name), decoder.Decode(&one)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		cases[name.Name] = one
	}
	return cases
}
