package sessionlog

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// run sends batches, one after the other, until the queue is closed and empty or `sending` is cancelled.
func (l *SessionLogger) run() {
	defer close(l.ended)
	for {
		batch := l.queue.cut(l.options.BatchRows, l.options.BatchBytes)
		if len(batch) > 0 {
			if !l.deliver(batch) {
				return
			}
			continue
		}
		if l.queue.drained() {
			return
		}
		select {
		case <-l.queue.wake:
		case <-l.sending.Done():
			return
		}
	}
}

// deliver sends a batch, in halves and their halves when they are to be split. False: `sending` was cancelled, and what
// is not settled is still in progress.
func (l *SessionLogger) deliver(batch [][]byte) bool {
	for again := false; ; again = true {
		if !l.isDue() {
			if l.sending.Err() != nil {
				return false
			}
			l.spill(batch, l.denied.err)
			return true
		}
		if again {
			l.queue.count(Stats{Retried: uint64(len(batch))})
		}
		reply, err := l.callUntilAnswered(l.sending, batch, l.hurry)
		if err != nil && l.sending.Err() != nil {
			return false
		}
		l.denied = denied{}
		if err == nil {
			l.settle(batch, reply)
			return true
		}
		switch next, _ := actionAfter(err, len(batch)); {
		case next == split:
			half := len(batch) / 2
			return l.deliver(batch[:half]) && l.deliver(batch[half:])
		case next == waitForCredentials && l.conn.token.renewable():
			l.denied = denied{err, time.Now().Add(l.options.credentialsRetry)}
			l.diagnostics.failed(err)
		case next == waitForCredentials, next == spill:
			l.denied = denied{err, time.Now().Add(l.options.MaxBackoff)}
			l.spill(batch, err)
			return true
		default:
			for _, row := range batch {
				l.refuse(row, refusalBy(err))
			}
			l.queue.settle(Stats{Refused: uint64(len(batch))}, len(batch))
			return true
		}
	}
}

// callUntilAnswered repeats a call for as long as that may help and the context allows. A value from `hurry` ends a pause
// that the service did not ask for, and the next pauses begin with the shortest.
func (l *SessionLogger) callUntilAnswered(
	ctx context.Context, rows [][]byte, hurry <-chan struct{},
) (*sessionlogv1.BatchAppendSessionsResponse, error) {
	for attempt := 0; ; attempt++ {
		select {
		case <-hurry: // it came before this call
		default:
		}
		began := time.Now()
		reply, err := l.conn.appendBatch(ctx, rows)
		l.diagnostics.called(len(rows), began, err)
		if err == nil {
			l.diagnostics.succeeded(l.queue.snapshot)
			return reply, nil
		}
		wait, endsWait := l.backoff(attempt), hurry
		switch next, asked := actionAfter(err, len(rows)); {
		case ctx.Err() != nil:
			return nil, err
		case next != retry:
			return nil, err
		case asked > 0:
			wait, endsWait = max(asked, wait), nil
		}
		l.diagnostics.failed(err)
		hurried, inTime := pause(ctx, wait, endsWait)
		if !inTime {
			return nil, err
		}
		if hurried {
			attempt = -1
		}
		l.queue.count(Stats{Retried: uint64(len(rows))})
	}
}

// pause waits until the time is over or there is a value from `hurry`. It is not in time when the context ends before that.
func pause(ctx context.Context, wait time.Duration, hurry <-chan struct{}) (hurried, inTime bool) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return false, false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false, true
	case <-hurry:
		return true, true
	case <-ctx.Done():
		return false, false
	}
}

// backoff doubles from attempt to attempt; a quarter of it is random, so that daemons do not call all at once.
func (l *SessionLogger) backoff(attempt int) time.Duration {
	wait := min(l.options.MinBackoff<<min(attempt, 16), l.options.MaxBackoff)
	return wait - rand.N(wait/4+1)
}

// settle counts what became of each row of a batch.
func (l *SessionLogger) settle(rows [][]byte, reply *sessionlogv1.BatchAppendSessionsResponse) {
	var outcome Stats
	for i, result := range reply.GetResults() {
		one := outcomeOf(result)
		outcome.add(one)
		if one.Refused > 0 {
			l.refuse(rows[i], refusalOf(result.GetRejected()))
		}
	}
	l.diagnostics.settled(outcome)
	l.queue.settle(outcome, len(rows))
}

func outcomeOf(result *sessionlogv1.AppendResult) Stats {
	switch appended := result.GetAppended(); {
	case appended == nil:
		return Stats{Refused: 1}
	case appended.GetDuplicate():
		return Stats{Duplicate: 1}
	default:
		return Stats{Appended: 1}
	}
}
