package sessionlog

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// KindFill is the kind whose artifacts name workers.
const KindFill = "fill"

// DefaultIDPaths are where the artifact of a fill names its workers.
var DefaultIDPaths = []string{"fills[].candidate_id", "fills[].worker_id", "worker_id"}

// RosterCheckFor makes the check for records of a kind. For fill it is true when `lookup` finds every worker id that the
// artifact names, and false when one is not found. It is nil, unknown, for other kinds and for an artifact that names
// nobody at these paths.
//
// An id path is a list of keys with a dot between them; after a key, [] stands for every item of a list. Without any,
// DefaultIDPaths are used. An integer is looked up as decimal digits; an id that is neither text nor an integer counts as
// not found.
func RosterCheckFor(kind string, lookup func(workerID string) bool, idPaths ...string) RosterCheck {
	if kind != KindFill || lookup == nil {
		return func(any) *bool { return nil }
	}
	if len(idPaths) == 0 {
		idPaths = DefaultIDPaths
	}
	return func(artifact any) *bool {
		var named []any
		for _, path := range idPaths {
			named = appendValuesAt(named, artifact, strings.Split(path, "."))
		}
		grounded := true
		for _, value := range named {
			id := idText(value)
			grounded = grounded && id != "" && lookup(id)
		}
		if len(named) == 0 {
			return nil
		}
		return &grounded
	}
}

// appendValuesAt appends all values at a path, null too.
func appendValuesAt(values []any, value any, path []string) []any {
	if len(path) == 0 {
		return append(values, value)
	}
	key, each := strings.CutSuffix(path[0], "[]")
	value, _ = plain(value) // nil when it has no JSON
	object, _ := value.(map[string]any)
	member, found := object[key]
	switch {
	case !found:
		return values
	case !each:
		return appendValuesAt(values, member, path[1:])
	}
	member, _ = plain(member)
	list, _ := member.([]any)
	for _, item := range list {
		values = appendValuesAt(values, item, path[1:])
	}
	return values
}

// idText is the text to look up; empty for what is not an id.
func idText(value any) string {
	if number, ok := value.(json.Number); ok {
		if _, err := number.Int64(); err == nil {
			return number.String()
		}
	}
	value, _ = plain(value)
	switch value := value.(type) {
	case string:
		return value
	case float64:
		if value == math.Trunc(value) {
			return strconv.FormatFloat(value, 'f', -1, 64)
		}
	}
	return ""
}
