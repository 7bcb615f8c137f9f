package sessionlog

import "time"

// denied is the failure of a call that was not let in, and when the next one is due. A service counts such calls, and cuts
// who makes many.
type denied struct {
	err     error // nil: the last call was let in
	retryAt time.Time
}

// isDue waits until a call may be let in: another token is there, it is time to try the same one, or a flush asks. False:
// `sending` was cancelled, or the buffer is nearly full and there is a spill file.
func (l *SessionLogger) isDue() bool {
	if l.denied.err == nil {
		return true
	}
	for {
		left := time.Until(l.denied.retryAt)
		if left <= 0 || l.conn.token.renewed() {
			return true
		}
		poll := time.NewTimer(min(left, l.options.MaxBackoff))
		for polls := false; !polls; {
			if l.sending.Err() != nil || l.queue.isNearlyFull() {
				return false
			}
			select {
			case <-poll.C:
				polls = true
			case <-l.hurry:
				return true
			case <-l.queue.wake:
			case <-l.sending.Done():
			}
		}
	}
}

// isNearlyFull reports whether the oldest rows had better go to the spill file than be dropped soon.
func (q *queue) isNearlyFull() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.options.SpillFile != "" && (len(q.rows) > q.options.BufferRows*3/4 || q.bytes > q.options.BufferBytes*3/4)
}

// spill writes the rows of a daemon that is not let in to the spill file; without one they are dropped.
func (l *SessionLogger) spill(rows [][]byte, reason error) {
	spilled := 0
	var err error
	if l.options.SpillFile == "" {
		l.diagnostics.once("the session log does not let this daemon in; its rows are dropped: " + reason.Error())
	} else if spilled, err = writeSpilled(l.options.SpillFile, rows); err != nil {
		l.diagnostics.once("rows cannot be spilled", "spill_file", l.options.SpillFile, "error", err)
	}
	if spilled > 0 {
		l.diagnostics.once("the session log does not let this daemon in; its rows are in " + l.options.SpillFile + ": " + reason.Error())
	}
	l.queue.settle(Stats{Spilled: uint64(spilled), Dropped: uint64(len(rows) - spilled)}, len(rows))
}
