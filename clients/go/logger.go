package sessionlog

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"
)

// SessionLogger sends records to a session log in the background. It is safe for use by many goroutines. A nil one is off:
// all its methods do nothing.
type SessionLogger struct {
	options     Options
	conn        *connection // nil: the address or an option cannot be used
	queue       *queue
	diagnostics *diagnostics
	refusedFile refusedFile

	denied  denied          // the sender's: why the last call was not let in
	start   sync.Once       // of run, with the first row
	hurry   chan struct{}   // has room for one; filled to end the sender's pause
	sending context.Context // cancelled when Close may wait no longer
	cancel  context.CancelFunc
	ended   chan struct{} // closed when run has returned

	closing   sync.Once
	closedErr error
}

// NewSessionLogger makes a logger for the service at `address`: host:port, unix:/path, or any target of grpc.NewClient.
// An empty address gives nil, a logger that is off. It connects with the first row, so the service may be down. An address
// or option that cannot be used is logged, and rows are counted as dropped.
func NewSessionLogger(address string, options Options) *SessionLogger {
	options = options.withDefaults()
	if address == "" {
		off := &notices{log: options.Logger}
		off.report(slog.LevelInfo, "session log: off, no address")
		off.wait(closeNoticesTimeout)
		return nil
	}
	l := &SessionLogger{
		options:     options,
		queue:       newQueue(&options),
		diagnostics: newDiagnostics(&options),
		refusedFile: refusedFile{path: options.RefusedFile},
		hurry:       make(chan struct{}, 1),
		ended:       make(chan struct{}),
	}
	l.sending, l.cancel = context.WithCancel(context.Background())
	conn, err := newConnection(address, &options)
	if err != nil {
		l.diagnostics.once("the session log cannot be used; its rows are dropped", "address", address, "error", err)
		l.diagnostics.last = err.Error()
		return l
	}
	l.conn = conn
	l.diagnostics.notices.report(slog.LevelInfo, fmt.Sprintf("session log: sending to %s as %s", address, options.Daemon))
	return l
}

// Enabled reports whether records go anywhere: false for the logger that an empty address gives.
func (l *SessionLogger) Enabled() bool { return l != nil }

// AppendContext appends a record, which gets the trace id of the context when it has no SessionID, see TraceIDFromContext.
func (l *SessionLogger) AppendContext(ctx context.Context, record Record) {
	if record.SessionID == "" {
		record.SessionID = l.traceID(ctx)
	}
	l.Append(record)
}

// Append takes a snapshot of the record and returns at once; it never fails, blocks or panics. What the record refers to
// may be changed afterwards, but not during the call. Stats has what became of rows;
// refusals and outages are logged.
func (l *SessionLogger) Append(record Record) {
	if l == nil {
		return
	}
	row, violation := l.encode(&record)
	if violation != nil {
		l.queue.count(Stats{Refused: 1})
		l.refuseUnencoded(record, refusedBy(violation))
		return
	}
	if l.conn == nil {
		l.queue.count(Stats{Dropped: 1})
		return
	}
	l.start.Do(func() { go l.run() })
	switch l.queue.push(row) {
	case pushedFull:
		l.diagnostics.once("the session log's buffer is full; rows are dropped and counted",
			"buffer_rows", l.options.BufferRows, "buffer_bytes", l.options.BufferBytes)
	case pushedClosed:
		l.diagnostics.once("a record came after the session log was closed; such records are dropped and counted")
	}
}

// encode stamps what the record leaves empty, so that a retry is recognised, and serialises it.
func (l *SessionLogger) encode(record *Record) ([]byte, *Violation) {
	if record.SessionID == "" {
		record.SessionID = newSessionID()
	}
	if record.Timestamp.IsZero() {
		record.Timestamp = time.Now()
	}
	record.Daemon = cmp.Or(record.Daemon, l.options.Daemon)
	return encodeRecord(record, l.options.MaxMessageBytes)
}

func newSessionID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// Stats returns what became of the rows so far.
func (l *SessionLogger) Stats() Stats {
	if l == nil {
		return Stats{}
	}
	stats := l.queue.snapshot()
	stats.LastError = l.diagnostics.lastError()
	return stats
}

// Flush waits until the rows appended so far have left the buffer: stored, refused or dropped. It fails with the context's
// error when that ends first; the rows stay. A failed call is repeated at once, unless the service asked to wait.
func (l *SessionLogger) Flush(ctx context.Context) error {
	if l == nil {
		return nil
	}
	l.hurryUp()
	if err := l.queue.flushed(ctx); err != nil {
		return fmt.Errorf("sessionlog: flush: %w", err)
	}
	return nil
}

// hurryUp ends the pause before a call is repeated.
func (l *SessionLogger) hurryUp() {
	if l.conn == nil {
		return
	}
	l.conn.hurry()
	select {
	case l.hurry <- struct{}{}:
	default:
	}
}

// UnsentError is the error of a Close that had to end before all rows were sent.
type UnsentError struct {
	Rows      int    // how many were left
	Spilled   int    // how many of them are in the spill file; the others are dropped
	SpillFile string // empty when there is none
	Cause     error  // why it ended: the context's error, joined with that of the spill file if there was one
}

func (e *UnsentError) Error() string {
	if e.SpillFile == "" {
		return fmt.Sprintf("sessionlog: closed with %d rows unsent: %v", e.Rows, e.Cause)
	}
	return fmt.Sprintf("sessionlog: closed with %d rows unsent, %d of them in %s: %v", e.Rows, e.Spilled, e.SpillFile, e.Cause)
}

func (e *UnsentError) Unwrap() error { return e.Cause }

// Close takes no more records, sends what is in the buffer, and ends the connection. When the context, or without a
// deadline Options.CloseTimeout, ends first, the rows that are left go to the spill file, if there is one, and the error is
// an *UnsentError. It waits for the daemon's log, a second at most. Further calls wait for the first one and return the same.
func (l *SessionLogger) Close(ctx context.Context) error {
	if l == nil {
		return nil
	}
	l.closing.Do(func() { l.closedErr = l.close(ctx) })
	return l.closedErr
}

// closeNoticesTimeout limits how long Close waits for the daemon's log.
const closeNoticesTimeout = time.Second

func (l *SessionLogger) close(ctx context.Context) error {
	defer l.diagnostics.notices.wait(closeNoticesTimeout)
	defer l.cancel()
	ctx, cancel := withDeadline(ctx, l.options.CloseTimeout)
	defer cancel()
	l.queue.close()
	if l.conn == nil {
		return nil
	}
	defer l.conn.close()
	l.start.Do(func() { close(l.ended) }) // there was never a row
	l.hurryUp()
	select {
	case <-l.ended:
		return nil
	case <-ctx.Done():
	}
	l.cancel()
	<-l.ended
	rows := l.queue.cut(math.MaxInt, math.MaxInt)
	if len(rows) == 0 {
		return nil
	}
	unsent := &UnsentError{Rows: len(rows), SpillFile: l.options.SpillFile, Cause: ctx.Err()}
	if unsent.SpillFile != "" {
		spilled, err := writeSpilled(unsent.SpillFile, rows)
		unsent.Spilled = spilled
		unsent.Cause = errors.Join(unsent.Cause, err)
	}
	l.queue.settle(Stats{Spilled: uint64(unsent.Spilled), Dropped: uint64(unsent.Rows - unsent.Spilled)}, len(rows))
	l.diagnostics.once("the session log was closed before all rows were sent", "error", unsent)
	return unsent
}

// withDeadline gives a context a timeout when it has no deadline.
func withDeadline(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}
