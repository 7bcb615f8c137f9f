package sessionlogtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

var (
	finalVerdicts = []string{sessionlog.VerdictAccepted, sessionlog.VerdictMaxIterExhausted, sessionlog.VerdictInfraError}
	verdictKinds  = []string{
		sessionlog.VerdictNoJSON, sessionlog.VerdictValidationFailed, sessionlog.VerdictAccepted, sessionlog.VerdictInfraError,
	}
)

// check collects what the service would refuse.
type check struct {
	violations []*sessionlogv1.Violation
}

// violationsOf returns what the service says against a record that the client sends; the client itself has refused an
// artifact that is too long or too deep.
func violationsOf(record *sessionlogv1.SessionRecord, kinds []string) []*sessionlogv1.Violation {
	c := new(check)
	c.oneOf("record.schema", cmp.Or(record.GetSchema(), limits.Schema), []string{limits.Schema})
	c.name("record.session_id", record.GetSessionId(), limits.SessionIdLengthMax, "._:-")
	c.name("record.daemon", record.GetDaemon(), limits.DaemonLengthMax, "._-")
	c.oneOf("record.kind", record.GetKind(), kinds)
	c.text("record.model", record.GetModel())
	c.text("record.provider", record.GetProvider())
	iterationsGood := c.within("record.iterations", int64(record.GetIterations()), limits.IterationsMax)
	maxGood := c.within("record.max_iterations", int64(record.GetMaxIterations()), limits.IterationsMax)
	if most := record.GetMaxIterations(); iterationsGood && maxGood && most != 0 && record.GetIterations() > most {
		c.add("record.iterations", "INCONSISTENT", fmt.Sprintf("expected at most max_iterations, %d", most))
	}
	c.within("record.duration_ms", record.GetDurationMs(), limits.DurationMsMax)
	verdictGood := c.oneOf("record.final_verdict", record.GetFinalVerdict(), finalVerdicts)
	isAccepted := record.GetFinalVerdict() == sessionlog.VerdictAccepted
	if only := "allowed only with final_verdict accepted"; verdictGood && !isAccepted {
		if record.GetArtifact() != nil {
			c.add("record.artifact", "INCONSISTENT", only)
		}
		if record.GroundedInRoster != nil {
			c.add("record.grounded_in_roster", "INCONSISTENT", only)
		}
	}
	if len(record.GetAttempts()) > limits.AttemptsMax {
		c.add("record.attempts", "TOO_LONG", fmt.Sprintf("expected at most %d", limits.AttemptsMax))
	} else {
		c.attempts(record.GetAttempts(), verdictGood, isAccepted)
	}
	return c.violations
}

func (c *check) attempts(attempts []*sessionlogv1.SessionAttempt, verdictGood, isAccepted bool) {
	before := int32(-1)
	for i, attempt := range attempts {
		field := fmt.Sprintf("record.attempts[%d].", i)
		if c.within(field+"iteration", int64(attempt.GetIteration()), math.MaxInt32) {
			if attempt.GetIteration() <= before {
				c.add(field+"iteration", "INCONSISTENT", fmt.Sprintf("expected above %d", before))
			}
			before = attempt.GetIteration()
		}
		if attempt.GetSpanId() != "" {
			c.name(field+"span_id", attempt.GetSpanId(), limits.SessionIdLengthMax, "._:-")
		}
		isLast := i == len(attempts)-1
		if !c.oneOf(field+"verdict_kind", attempt.GetVerdictKind(), verdictKinds) || !verdictGood {
			continue
		}
		if isOne := attempt.GetVerdictKind() == sessionlog.VerdictAccepted; isOne != (isAccepted && isLast) {
			c.add(field+"verdict_kind", "INCONSISTENT", "the last attempt is accepted when final_verdict is, and no other one")
		}
	}
}

func (c *check) add(field, reason, description string) {
	c.violations = append(c.violations, &sessionlogv1.Violation{Field: field, Reason: reason, Description: description})
}

// oneOf, within, text and name report whether a field is good by itself.
func (c *check) oneOf(field, value string, known []string) bool {
	switch {
	case value == "":
		c.add(field, "REQUIRED", "is required")
	case !slices.Contains(known, value):
		c.add(field, "NOT_ALLOWED", fmt.Sprintf("expected one of %s, found %q", strings.Join(known, ", "), value))
	default:
		return true
	}
	return false
}

func (c *check) within(field string, value, most int64) bool {
	if value < 0 || value > most {
		c.add(field, "OUT_OF_RANGE", fmt.Sprintf("expected 0 to %d, found %d", most, value))
		return false
	}
	return true
}

func (c *check) text(field, value string) {
	if utf8.RuneCountInString(value) > limits.NameCodePointsMax {
		c.add(field, "TOO_LONG", fmt.Sprintf("expected at most %d characters", limits.NameCodePointsMax))
	} else if strings.ContainsFunc(value, unicode.IsControl) {
		c.add(field, "INVALID_FORMAT", "expected no control characters")
	}
}

func (c *check) name(field, value string, lengthMax int, marks string) {
	isOther := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(marks, r)
	}
	switch {
	case value == "":
		c.add(field, "REQUIRED", "is required")
	case utf8.RuneCountInString(value) > lengthMax:
		c.add(field, "TOO_LONG", fmt.Sprintf("expected at most %d characters", lengthMax))
	case strings.ContainsFunc(value, isOther):
		c.add(field, "INVALID_FORMAT", "expected only A-Z a-z 0-9 "+marks)
	}
}
