// Package sessionlogtest is for tests of daemons: a session logger whose service is in memory, without a socket.
//
//	log, sessions := sessionlogtest.New(t)
//	handler(log)
//	if got := sessions.Records(); len(got) != 1 || got[0].FinalVerdict != sessionlog.VerdictAccepted { … }
package sessionlogtest

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

const (
	flushTimeout = 10 * time.Second
	bufferBytes  = 1 << 20 // of the connection
)

// Config is what New takes for granted; the zero value of each is its default.
type Config struct {
	sessionlog.Options
	// Kinds are those that the service is configured with. Default: fill, email and playbook.
	Kinds []string
	// Lenient lets a test pass although a record was refused, by the client or for what the service refuses.
	Lenient bool
}

// Sessions are the records that a logger of New has sent.
type Sessions struct {
	t      testing.TB
	log    *sessionlog.SessionLogger
	config Config

	mu       sync.Mutex
	records  []sessionlog.Record
	expected uint64                      // refusals that Refuse asked for
	refusals [][]*sessionlogv1.Violation // of the next records
	away     bool
}

// New returns a logger and the sessions that it will have sent. The logger is closed when the test ends, which fails then if
// a record was refused: that is a fault of the daemon.
func New(t testing.TB) (*sessionlog.SessionLogger, *Sessions) {
	t.Helper()
	return NewWith(t, Config{})
}

// NewWith is New with a configuration.
func NewWith(t testing.TB, config Config) (*sessionlog.SessionLogger, *Sessions) {
	t.Helper()
	if config.Kinds == nil {
		config.Kinds = []string{sessionlog.KindFill, "email", "playbook"}
	}
	listener := bufconn.Listen(bufferBytes)
	s := &Sessions{t: t, config: config}
	server := grpc.NewServer()
	sessionlogv1.RegisterSessionLogServer(server, service{sessions: s})
	go func() { _ = server.Serve(listener) }()
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }
	config.DialOptions = append(config.DialOptions, grpc.WithContextDialer(dial))
	s.log = sessionlog.NewSessionLogger("passthrough:sessionlogtest", config.Options)
	t.Cleanup(func() {
		_ = s.log.Close(context.Background())
		server.Stop()
		s.checkRefusals()
	})
	return s.log, s
}

// Records waits until what was appended has arrived, unless the service is away, and returns all records in their order. An
// artifact is a map[string]any. The test fails now when the wait takes 10 s.
func (s *Sessions) Records() []sessionlog.Record {
	s.t.Helper()
	s.mu.Lock()
	away := s.away
	s.mu.Unlock()
	if !away {
		ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
		defer cancel()
		if err := s.log.Flush(ctx); err != nil {
			s.t.Fatalf("%v; %+v", err, s.log.Stats())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records)
}

// Refuse refuses the next record with these violations, of which there is at least one. The test does not fail for it.
func (s *Sessions) Refuse(violations ...sessionlog.Violation) {
	if len(violations) == 0 {
		violations = []sessionlog.Violation{{Field: "record", Description: "refused by the test", Reason: "NOT_ALLOWED"}}
	}
	var refusal []*sessionlogv1.Violation
	for _, v := range violations {
		refusal = append(refusal, &sessionlogv1.Violation{Field: v.Field, Description: v.Description, Reason: v.Reason})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, refusal)
}

// GoAway makes the service unavailable until the function that it returns is called. Rows wait in the logger's buffer.
func (s *Sessions) GoAway() (comeBack func()) {
	set := func(away bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.away = away
	}
	set(true)
	return func() { set(false) }
}

func (s *Sessions) checkRefusals() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if stats := s.log.Stats(); stats.Refused > s.expected && !s.config.Lenient {
		s.t.Errorf("the session log refused %d records, at last: %s", stats.Refused-s.expected, stats.LastError)
	}
}

type service struct {
	sessionlogv1.UnimplementedSessionLogServer
	sessions *Sessions
}

func (service service) BatchAppendSessions(
	_ context.Context, request *sessionlogv1.BatchAppendSessionsRequest,
) (*sessionlogv1.BatchAppendSessionsResponse, error) {
	s := service.sessions
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, status.Error(codes.Unavailable, "the test has the session log away")
	}
	reply := new(sessionlogv1.BatchAppendSessionsResponse)
	for _, record := range request.GetRecords() {
		reply.Results = append(reply.Results, s.append(record))
	}
	return reply, nil
}

func (s *Sessions) append(record *sessionlogv1.SessionRecord) *sessionlogv1.AppendResult {
	violations := violationsOf(record, s.config.Kinds)
	if len(violations) == 0 && len(s.refusals) > 0 {
		violations, s.refusals = s.refusals[0], s.refusals[1:]
		s.expected++
	}
	if len(violations) > 0 {
		return &sessionlogv1.AppendResult{Outcome: &sessionlogv1.AppendResult_Rejected{
			Rejected: &sessionlogv1.Rejection{Violations: violations, ViolationCount: int32(len(violations))},
		}}
	}
	stored := sessionlog.RecordFromProto(record)
	if record.GetArtifact() != nil {
		stored.Artifact = record.GetArtifact().AsMap()
	}
	s.records = append(s.records, stored)
	return &sessionlogv1.AppendResult{Outcome: &sessionlogv1.AppendResult_Appended{Appended: &sessionlogv1.AppendSessionResponse{
		SessionId: record.GetSessionId(), Timestamp: record.GetTimestamp(), Sequence: uint64(len(s.records)),
	}}}
}
