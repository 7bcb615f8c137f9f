package sessionlog

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// noticesMax bounds the notices that wait for the log; further ones are left out.
const noticesMax = 100

// notices writes to the daemon's log, one notice after the other, so that neither Append nor the sender waits for a log that
// is slow.
type notices struct {
	log *slog.Logger

	mu      sync.Mutex
	waiting int
	last    chan struct{} // closed when the newest notice is written; nil before the first
}

func (n *notices) report(level slog.Level, message string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting == noticesMax {
		return
	}
	previous, written := n.last, make(chan struct{})
	n.waiting++
	n.last = written
	go func() {
		defer func() {
			_ = recover() // a handler that panics does not end the daemon
			n.mu.Lock()
			defer n.mu.Unlock()
			n.waiting--
			close(written)
		}()
		if previous != nil {
			<-previous
		}
		n.log.Log(context.Background(), level, message, args...)
	}()
}

// wait waits until all notices are written, at most for `timeout`.
func (n *notices) wait(timeout time.Duration) {
	n.mu.Lock()
	last := n.last
	n.mu.Unlock()
	if last == nil {
		return
	}
	select {
	case <-last:
	case <-time.After(timeout):
	}
}
