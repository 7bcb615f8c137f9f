package sessionlog

import (
	"fmt"
	"strings"
)

// Violation is one fault of a record.
type Violation struct {
	Field       string // for example record.attempts[1].iteration
	Description string // what was expected, in English
	Reason      string // a constant for programs, for example NOT_ALLOWED
}

func (v Violation) String() string { return fmt.Sprintf("%s %s: %s", v.Field, v.Reason, v.Description) }

// RefusedError is the error of a record that the session log refuses. To send it again is of no use.
type RefusedError struct {
	Violations []Violation // at least one
	Count      int         // how many there are, listed or not
}

func (e *RefusedError) Error() string {
	texts := textsOf(e.Violations)
	if more := e.Count - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return "sessionlog: the record is refused: " + strings.Join(texts, "; ")
}

func textsOf(violations []Violation) []string {
	texts := make([]string, len(violations))
	for i, violation := range violations {
		texts[i] = violation.String()
	}
	return texts
}

func refusedBy(violation *Violation) *RefusedError {
	return &RefusedError{Violations: []Violation{*violation}, Count: 1}
}

func tooLong(field string, bytesMax int) *Violation {
	return &Violation{Field: field, Reason: "TOO_LONG", Description: fmt.Sprintf("expected at most %d bytes", bytesMax)}
}
