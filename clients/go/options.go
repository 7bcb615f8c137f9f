package sessionlog

import (
	"crypto/tls"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
)

// Overflow chooses the rows that are dropped when the buffer is full.
type Overflow int

const (
	// DropOldest makes room for the new row: the log has the end of the outage.
	DropOldest Overflow = iota
	// DropNewest drops the new row: the log has the beginning of the outage.
	DropNewest
)

// TraceIDs chooses where the id of a session without one comes from, before it is random.
type TraceIDs int

const (
	// TraceIDsFromSpan takes the trace id of the incoming gRPC call, else of the OpenTelemetry span in the context.
	TraceIDsFromSpan TraceIDs = iota
	// TraceIDsFromHeader takes that of the incoming gRPC call only.
	TraceIDsFromHeader
)

// Options of a SessionLogger; the zero value of each is its default.
type Options struct {
	// Address is for FromEnv, and wins over SESSIONLOG_ADDRESS.
	Address string
	// Daemon is that of records without one. Default: the program's name, reduced to A-Z a-z 0-9 . _ -.
	Daemon string
	// Logger gets refused rows and outages, once per distinct reason, in a goroutine of its own. Default: slog.Default().
	Logger *slog.Logger

	// TraceIDs chooses the id of sessions and records without one. It is taken from the context that is given.
	TraceIDs TraceIDs

	// BufferRows and BufferBytes bound the rows that wait for the service or are in progress. Default: 10,000 and 16 MiB.
	BufferRows  int
	BufferBytes int
	// Overflow chooses the rows that are dropped when the buffer is full.
	Overflow Overflow
	// SpillFile, when set, gets the rows that Close could not send, and those of a daemon that the service does not let in: JSONL for
	// `sessionlog append`.
	SpillFile string
	// RefusedFile, when set, gets refused rows with their violations, 1,000 rows and 16 MiB at most, as `sessionlog append --rejects` writes
	// them; not those of AppendSync, whose error has them.
	RefusedFile string

	// BatchRows and BatchBytes bound a batch. Default: 500, at most what the service takes in one call, and 2 MiB.
	BatchRows  int
	BatchBytes int
	// MaxMessageBytes is the service's max_message_bytes. Default: 4 MiB.
	MaxMessageBytes int
	// CallTimeout is the deadline of one call. A connection on which calls timed out, and none was answered for
	// this long, is replaced. Default: 30 s.
	CallTimeout time.Duration
	// CloseTimeout bounds Close when its context has no deadline. Default: 10 s.
	CloseTimeout time.Duration
	// MinBackoff and MaxBackoff bound the wait before a call is repeated, which doubles each time. Flush and Close end it. Default: 100 ms and 2 s.
	MinBackoff time.Duration
	MaxBackoff time.Duration

	// TLS, when set, encrypts the connection.
	TLS *tls.Config
	// TokenFile has the token, and is read for each call, so that it may be renewed: rows wait for that when the service does not take it,
	// and those of a fixed token go to the spill file. It wins over Token.
	TokenFile string
	// Token is sent with every call as `authorization: Bearer …`. It needs TLS, except to this machine,
	// and printable ASCII.
	Token string
	// InsecureToken sends the token without TLS to other machines too, for networks that encrypt by themselves.
	InsecureToken bool
	// Debug logs each call at the level Info; it is at Debug otherwise.
	Debug bool
	// DialOptions go to grpc.NewClient after the logger's own.
	DialOptions []grpc.DialOption

	problem          error         // with what FromEnv has read
	credentialsRetry time.Duration // how often the token that was not taken is tried again; a minute
}

func (o Options) withDefaults() Options {
	if o.Daemon == "" {
		o.Daemon = programName()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	setDefault(&o.BufferRows, 10_000)
	setDefault(&o.BufferBytes, 16<<20)
	setDefault(&o.BatchRows, 500)
	setDefault(&o.BatchBytes, 2<<20)
	setDefault(&o.MaxMessageBytes, 4<<20)
	setDefault(&o.CallTimeout, 30*time.Second)
	setDefault(&o.CloseTimeout, 10*time.Second)
	setDefault(&o.MinBackoff, 100*time.Millisecond)
	setDefault(&o.MaxBackoff, 2*time.Second)
	setDefault(&o.credentialsRetry, time.Minute)
	o.BatchRows = min(o.BatchRows, limits.BatchRecordsMax)
	o.BatchBytes = min(o.BatchBytes, o.MaxMessageBytes)
	return o
}

func setDefault[N int | time.Duration](option *N, value N) {
	if *option <= 0 {
		*option = value
	}
}
