package sessionlog

import (
	"log/slog"
	"regexp"
	"sync"
	"time"
)

const (
	reasonsMax         = 1_000 // remembered as logged; further ones are only counted
	outageReasonsMax   = 5     // logged in one outage
	shownViolationsMax = 20    // in one line
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

// refused logs a record with a violation whose field and reason were not logged before.
func (d *diagnostics) refused(sessionID func() string, refusal *RefusedError) {
	isNew := false
	for _, violation := range refusal.Violations {
		isNew = d.isNew(violation.Field+" "+violation.Reason) || isNew
	}
	if !isNew {
		return
	}
	shown := refusal.Violations[:min(len(refusal.Violations), shownViolationsMax)]
	texts := make([]string, len(shown))
	for i, violation := range shown {
		texts[i] = violation.String()
	}
	d.notices.report(slog.LevelWarn, "the session log refused a record; further ones with the same reason are only counted",
		"session_id", sessionID(), "violations", texts, "violation_count", refusal.Count)
}

// once logs anything else.
func (d *diagnostics) once(message string, args ...any) {
	if d.isNew(message) {
		d.notices.report(slog.LevelWarn, message, args...)
	}
}

func (d *diagnostics) isNew(reason string) bool {
	reason = digits.ReplaceAllString(reason, "")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reasons[reason] || len(d.reasons) >= reasonsMax {
		return false
	}
	if d.reasons == nil {
		d.reasons = map[string]bool{}
	}
	d.reasons[reason] = true
	return true
}

// failed logs a call that will be repeated, once per reason in an outage.
func (d *diagnostics) failed(now time.Time, err error) {
	reason := digits.ReplaceAllString(err.Error(), "")
	d.mu.Lock()
	if d.outage == nil {
		d.outage, d.since = map[string]bool{}, now
	}
	logged := d.outage[reason] || len(d.outage) >= outageReasonsMax
	d.outage[reason] = true
	d.mu.Unlock()
	if !logged {
		d.notices.report(slog.LevelWarn, "the session log is unavailable; rows are buffered", "error", err)
	}
}

// succeeded ends an outage.
func (d *diagnostics) succeeded(now time.Time, stats func() Stats) {
	d.mu.Lock()
	over := d.outage != nil
	since := d.since
	d.outage = nil
	d.mu.Unlock()
	if over {
		counts := stats()
		d.notices.report(slog.LevelInfo, "the session log is available again",
			"after", now.Sub(since).Round(time.Millisecond), "pending", counts.Pending, "dropped", counts.Dropped)
	}
}
