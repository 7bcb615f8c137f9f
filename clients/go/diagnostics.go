package sessionlog

import (
	"log/slog"
	"regexp"
	"sync"
	"time"
)

// maxReasons bounds what is remembered as told; further reasons are counted only.
const maxReasons = 1_000

// maxOutageReasons bounds the lines about one outage.
const maxOutageReasons = 5

// maxShownViolations bounds one line.
const maxShownViolations = 20

// digits differ between messages about the same thing: places in lists, ports, amounts.
var digits = regexp.MustCompile(`[0-9]+`)

// diagnostics tells the daemon's log what the daemon is not told, each thing once.
type diagnostics struct {
	notices *notices

	mu      sync.Mutex
	reasons map[string]bool
	outage  map[string]bool // the reasons of the outage that is going on; nil when there is none
	since   time.Time       // when it began
}

// refused tells of a record when it has a violation whose field and reason were not told of before.
func (d *diagnostics) refused(sessionID func() string, refusal *RefusedError) {
	isNew := false
	for _, violation := range refusal.Violations {
		isNew = d.isNew(violation.Field+" "+violation.Reason) || isNew
	}
	if !isNew {
		return
	}
	shown := refusal.Violations[:min(len(refusal.Violations), maxShownViolations)]
	texts := make([]string, len(shown))
	for i, violation := range shown {
		texts[i] = violation.String()
	}
	d.notices.report(slog.LevelWarn, "the session log refuses a record; others refused for the same reason are only counted",
		"session_id", sessionID(), "violations", texts, "violation_count", refusal.Count)
}

// once tells of anything else.
func (d *diagnostics) once(message string, args ...any) {
	if d.isNew(message) {
		d.notices.report(slog.LevelWarn, message, args...)
	}
}

func (d *diagnostics) isNew(reason string) bool {
	reason = digits.ReplaceAllString(reason, "")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reasons[reason] || len(d.reasons) >= maxReasons {
		return false
	}
	if d.reasons == nil {
		d.reasons = map[string]bool{}
	}
	d.reasons[reason] = true
	return true
}

// failed tells of a call that is going to be made again, once for each reason in an outage.
func (d *diagnostics) failed(now time.Time, err error) {
	reason := digits.ReplaceAllString(err.Error(), "")
	d.mu.Lock()
	if d.outage == nil {
		d.outage, d.since = map[string]bool{}, now
	}
	told := d.outage[reason] || len(d.outage) >= maxOutageReasons
	d.outage[reason] = true
	d.mu.Unlock()
	if !told {
		d.notices.report(slog.LevelWarn, "the session log takes no rows for now; they wait in the buffer", "error", err)
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
		d.notices.report(slog.LevelInfo, "the session log takes rows again",
			"after", now.Sub(since).Round(time.Millisecond), "pending", counts.Pending, "dropped", counts.Dropped)
	}
}
