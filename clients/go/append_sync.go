package sessionlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Result is a row that is on the service's disk.
type Result struct {
	SessionID string
	Timestamp time.Time
	Sequence  uint64 // its number in the session log, from 1; 0 when the logger is off
	Duplicate bool   // it was stored before
}

// ErrClosed is returned when the logger is closed, or has an address or option that cannot be used.
var ErrClosed = errors.New("sessionlog: the logger is closed or cannot be used")

// AppendSync appends one record and waits until its row is on disk. It repeats the call for as long as that may help and
// the context, without a deadline Options.CallTimeout, allows. The error is a *RefusedError with the violations, or
// wraps the gRPC status of the last call: then the row may be stored all the same, and appending the same record with its
// SessionID and Timestamp set is safe. A record without a SessionID gets the context's, as in AppendContext. On a logger that is off, it does nothing.
func (l *SessionLogger) AppendSync(ctx context.Context, record Record) (Result, error) {
	if l == nil {
		return Result{}, nil
	}
	if l.conn == nil || l.sending.Err() != nil {
		l.queue.count(Stats{Dropped: 1})
		return Result{}, ErrClosed
	}
	record.SessionID = cmp.Or(record.SessionID, l.traceID(ctx))
	row, violation := l.encode(&record)
	if violation != nil {
		l.queue.count(Stats{Refused: 1})
		return Result{}, refusedBy(violation)
	}
	ctx, cancel := withDeadline(ctx, l.options.CallTimeout)
	defer cancel()
	reply, err := l.callUntilAnswered(ctx, [][]byte{row}, nil)
	if err != nil {
		if len(violationsOf(err)) == 0 {
			return Result{}, fmt.Errorf("sessionlog: append: %w", err)
		}
		l.queue.count(Stats{Refused: 1})
		return Result{}, refusalBy(err)
	}
	result := reply.GetResults()[0]
	outcome := outcomeOf(result)
	l.queue.count(outcome)
	l.diagnostics.settled(outcome)
	if outcome.Refused > 0 {
		return Result{}, refusalOf(result.GetRejected())
	}
	appended := result.GetAppended()
	return Result{
		SessionID: appended.GetSessionId(),
		Timestamp: appended.GetTimestamp().AsTime(),
		Sequence:  appended.GetSequence(),
		Duplicate: appended.GetDuplicate(),
	}, nil
}
