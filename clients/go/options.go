package sessionlog

import (
	"crypto/tls"
	"log/slog"
	"time"

	"google.golang.org/grpc"
)

// Overflow says which rows go when the buffer is full. They are counted as dropped.
type Overflow int

const (
	// DropOldest makes room for the new row: the log has what happened last.
	DropOldest Overflow = iota
	// DropNewest keeps what is buffered: the log has how the outage began.
	DropNewest
)

// Options are a SessionLogger's; the zero value of each means its default.
type Options struct {
	// Daemon is put on records that name none. Default: the program's name, reduced to A-Z a-z 0-9 . _ -.
	Daemon string
	// Logger is told, once per distinct reason, of refused rows, and of outages, by a goroutine of its own. Default:
	// slog.Default().
	Logger *slog.Logger

	// BufferRows and BufferBytes bound what waits for the service, rows under way included. Default: 10,000 and 16 MiB.
	BufferRows  int
	BufferBytes int
	// Overflow says which rows go when the buffer is full.
	Overflow Overflow
	// SpillFile, when set, gets the rows that Close could not send: JSONL for `sessionlog append`.
	SpillFile string

	// BatchRows and BatchBytes cut batches. Default: 500, at most 10,000, and 2 MiB.
	BatchRows  int
	BatchBytes int
	// MaxMessageBytes is what the service takes in one message, its max_message_bytes. Default: 4 MiB.
	MaxMessageBytes int
	// CallTimeout is the deadline of one call. A connection on which nothing was answered for so long, while calls ran out
	// of time, is left for a new one. Default: 30 s.
	CallTimeout time.Duration
	// CloseTimeout bounds Close when its context has no deadline. Default: 10 s.
	CloseTimeout time.Duration
	// MinBackoff and MaxBackoff bound the wait before a call is made again, which doubles each time, until
	// Flush or Close ends it. Default: 100 ms and 2 s.
	MinBackoff time.Duration
	MaxBackoff time.Duration

	// TLS, when set, secures the connection.
	TLS *tls.Config
	// Token is sent with every call as `authorization: Bearer …`. It needs TLS, except to this machine,
	// and printable ASCII.
	Token string
	// InsecureToken sends the token without TLS to other machines too, for networks that encrypt by themselves.
	InsecureToken bool
	// DialOptions go to grpc.NewClient behind the logger's own.
	DialOptions []grpc.DialOption
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
	o.BatchRows = min(o.BatchRows, batchRecordsMax)
	o.BatchBytes = min(o.BatchBytes, o.MaxMessageBytes)
	return o
}

func setDefault[N int | time.Duration](option *N, value N) {
	if *option <= 0 {
		*option = value
	}
}
