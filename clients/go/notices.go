package sessionlog

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// maxNotices bounds what waits to be told; what comes when there are so many is not told.
const maxNotices = 100

// notices tells the daemon's log one thing after the other, in a goroutine that lives while there are some: neither Append
// nor the sender waits for a log that is slow.
type notices struct {
	log *slog.Logger

	mu      sync.Mutex
	waiting []notice
	idle    chan struct{} // closed when all is told; nil while there is nothing to tell
}

type notice struct {
	level   slog.Level
	message string
	args    []any
}

func (n *notices) tell(level slog.Level, message string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.waiting) == maxNotices {
		return
	}
	n.waiting = append(n.waiting, notice{level, message, args})
	if n.idle == nil {
		n.idle = make(chan struct{})
		go n.run()
	}
}

func (n *notices) run() {
	for next, more := n.next(); more; next, more = n.next() {
		n.write(next)
	}
}

// next takes the oldest notice; without one the goroutine is to end.
func (n *notices) next() (notice, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.waiting) == 0 {
		close(n.idle)
		n.idle = nil
		return notice{}, false
	}
	next := n.waiting[0]
	n.waiting = n.waiting[1:]
	return next, true
}

// write keeps a handler that panics from ending the daemon.
func (n *notices) write(next notice) {
	defer func() { _ = recover() }()
	n.log.Log(context.Background(), next.level, next.message, next.args...)
}

// wait waits until all is told, and no longer than `timeout`.
func (n *notices) wait(timeout time.Duration) {
	n.mu.Lock()
	idle := n.idle
	n.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-time.After(timeout):
	}
}
