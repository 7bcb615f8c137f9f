package sessionlog

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"google.golang.org/grpc/status"
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
	notices   *notices
	callLevel slog.Level
	stored    sync.Once

	mu      sync.Mutex
	reasons map[string]bool
	outage  map[string]bool // the reasons of the current outage; nil when there is none
	since   time.Time       // when it began
	last    string          // error; empty when there was none
}

func newDiagnostics(options *Options) *diagnostics {
	d := &diagnostics{notices: &notices{log: options.Logger}, callLevel: slog.LevelDebug, reasons: map[string]bool{}}
	if options.Debug {
		d.callLevel = slog.LevelInfo
	}
	return d
}

// called logs a call for who debugs.
func (d *diagnostics) called(rows int, began time.Time, err error) {
	if d.notices.enabled(d.callLevel) {
		d.notices.report(d.callLevel, "session log: a call ended",
			"rows", rows, "ms", time.Since(began).Milliseconds(), "status", status.Code(err).String())
	}
}

// settled logs the first row that is stored.
func (d *diagnostics) settled(outcome Stats) {
	if outcome.Appended+outcome.Duplicate > 0 {
		d.stored.Do(func() { d.notices.report(slog.LevelInfo, "session log: the first row is stored") })
	}
}

func (d *diagnostics) lastError() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// refused logs a record with a violation whose field and reason were not logged before.
func (d *diagnostics) refused(sessionID, daemon string, refusal *RefusedError) {
	last, isNew := fmt.Sprintf("session %s of %s: %v", sessionID, daemon, refusal), false
	for _, violation := range refusal.Violations {
		isNew = d.isNew(violation.Field+" "+violation.Reason, last) || isNew
	}
	if !isNew {
		return
	}
	texts := textsOf(refusal.Violations[:min(len(refusal.Violations), shownViolationsMax)])
	d.notices.report(slog.LevelWarn, "the session log refused a record; further ones with the same reason are only counted",
		"session_id", sessionID, "daemon", daemon, "violations", texts, "violation_count", refusal.Count)
}

// once logs anything else.
func (d *diagnostics) once(message string, args ...any) {
	if d.isNew(message, message) {
		d.notices.report(slog.LevelWarn, message, args...)
	}
}

func (d *diagnostics) isNew(reason, last string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = last
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
	d.last = err.Error()
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
	n.later(func() { n.log.Log(context.Background(), level, message, args...) })
}

func (n *notices) enabled(level slog.Level) bool {
	defer func() { _ = recover() }()
	return n.log.Enabled(context.Background(), level)
}

// later calls a function after those before it.
func (n *notices) later(do func()) {
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
		do()
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
