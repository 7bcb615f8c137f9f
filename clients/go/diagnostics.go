package sessionlog

import (
	"context"
	"log/slog"
	"regexp"
	"sync"
	"time"
)

const (
	reasonsMax         = 1_000 // remembered as logged; further ones are only counted
	outageReasonsMax   = 5     // logged in one outage
	shownViolationsMax = 20    // in one line
	noticesMax         = 100   // waiting for the log; further ones are left out
)

// digits differ between messages about the same thing: indexes, ports, amounts.
var digits = regexp.MustCompile(`[0-9]+`)

// diagnostics logs what no call returns, once per reason.
type diagnostics struct {
	notices *notices

	mu      sync.Mutex
	reasons map[string]bool
	outage  map[string]bool // the reasons of the current outage; nil when there is none
	since   time.Time       // when it began
}

func newDiagnostics(log *slog.Logger) *diagnostics {
	return &diagnostics{notices: &notices{log: log}, reasons: map[string]bool{}}
}

// refused logs a record with a violation whose field and reason were not logged before.
func (d *diagnostics) refused(sessionID string, refusal *RefusedError) {
	isNew := false
	for _, violation := range refusal.Violations {
		isNew = d.isNew(violation.Field+" "+violation.Reason) || isNew
	}
	if !isNew {
		return
	}
	texts := textsOf(refusal.Violations[:min(len(refusal.Violations), shownViolationsMax)])
	d.notices.report(slog.LevelWarn, "the session log refused a record; further ones with the same reason are only counted",
		"session_id", sessionID, "violations", texts, "violation_count", refusal.Count)
}

// once logs anything else.
func (d *diagnostics) once(message string, args ...any) {
	if d.isNew(message) {
		d.notices.report(slog.LevelWarn, message, args...)
	}
}

func (d *diagnostics) isNew(reason string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return add(d.reasons, reasonsMax, reason)
}

// add adds a reason, and reports whether it did: it was not there, and there were fewer than the most.
func add(reasons map[string]bool, reasonsMax int, reason string) bool {
	reason = digits.ReplaceAllString(reason, "")
	isNew := !reasons[reason] && len(reasons) < reasonsMax
	if isNew {
		reasons[reason] = true
	}
	return isNew
}

// failed logs a call that will be repeated, once per reason in an outage.
func (d *diagnostics) failed(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.outage == nil {
		d.outage, d.since = map[string]bool{}, time.Now()
	}
	if add(d.outage, outageReasonsMax, err.Error()) {
		d.notices.report(slog.LevelWarn, "the session log is unavailable; rows are buffered", "error", err)
	}
}

// succeeded ends an outage.
func (d *diagnostics) succeeded(stats func() Stats) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.outage == nil {
		return
	}
	d.outage = nil
	counts := stats()
	d.notices.report(slog.LevelInfo, "the session log is available again",
		"after", time.Since(d.since).Round(time.Millisecond), "pending", counts.Pending, "dropped", counts.Dropped)
}

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
