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
	pieces := [][][]byte{batch}
	for len(pieces) > 0 {
		piece := pieces[len(pieces)-1]
		pieces = pieces[:len(pieces)-1]
		reply, err := l.callUntilAnswered(l.sending, piece, l.hurry)
		if err == nil {
			l.settle(piece, reply)
			continue
		}
		if l.sending.Err() != nil {
			return false
		}
		if next, _ := actionAfter(err, len(piece)); next == split {
			half := len(piece) / 2
			pieces = append(pieces, piece[half:], piece[:half])
			continue
		}
		l.diagnostics.refused(sessionIDOf(piece[0]), refusalBy(err))
		l.queue.settle(Stats{Refused: uint64(len(piece))}, len(piece))
	}
	return true
}

// callUntilAnswered repeats a call for as long as that may help and the context allows. A value from `hurry` ends a pause
// that the service did not ask for, and the next pauses begin with the shortest. Without it nobody waits for credentials.
func (l *SessionLogger) callUntilAnswered(
	ctx context.Context, rows [][]byte, hurry <-chan struct{},
) (*sessionlogv1.BatchAppendSessionsResponse, error) {
	for attempt := 0; ; attempt++ {
		select {
		case <-hurry: // it came before this call
		default:
		}
		reply, err := l.conn.appendBatch(ctx, rows)
		if err == nil {
			l.diagnostics.succeeded(time.Now(), l.queue.snapshot)
			return reply, nil
		}
		wait, endsWait := l.backoff(attempt), hurry
		switch next, asked := actionAfter(err, len(rows)); {
		case ctx.Err() != nil:
			return nil, err
		case next == waitForCredentials && hurry != nil:
			wait = l.options.MaxBackoff
		case next != retry:
			return nil, err
		case asked > 0:
			wait, endsWait = max(asked, wait), nil
		}
		l.diagnostics.failed(time.Now(), err)
		switch pause(ctx, wait, endsWait) {
		case pausedTooLong:
			return nil, err
		case pauseHurried:
			attempt = -1
		}
		l.queue.count(Stats{Retried: uint64(len(rows))})
	}
}

// paused is how a pause ended.
type paused int

const (
	pausedFully paused = iota
	pauseHurried
	pausedTooLong // the context is over, or would have been before the pause
)

func pause(ctx context.Context, wait time.Duration, hurry <-chan struct{}) paused {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return pausedTooLong
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return pausedFully
	case <-hurry:
		return pauseHurried
	case <-ctx.Done():
		return pausedTooLong
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
		switch appended := result.GetAppended(); {
		case appended == nil:
			outcome.Refused++
			l.diagnostics.refused(sessionIDOf(rows[i]), refusalOf(result.GetRejected()))
		case appended.GetDuplicate():
			outcome.Duplicate++
		default:
			outcome.Appended++
		}
	}
	l.queue.settle(outcome, len(rows))
}
