package sessionlog

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

// KindFill is the kind whose artifacts name workers.
const KindFill = "fill"

// DefaultIDPaths are where the artifact of a fill names its workers.
var DefaultIDPaths = []string{"fills[].candidate_id", "fills[].worker_id", "worker_id"}

// RosterCheckFor makes the check for records of a kind. For fill it is true when `lookup` finds every worker id that the
// artifact names, and false when it does not find one. It is unknown for other kinds, and for an artifact that names
// nobody at these paths: that shows as unchecked, not as grounded.
//
// An id path is a list of keys with a dot between them; behind a key, [] stands for every item of a list. Without any,
// DefaultIDPaths count. An integer is looked up as JSON prints it; an id that is there, but neither text nor an integer,
// is found by nobody.
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

// appendValuesAt appends all that stands at a path, null too.
func appendValuesAt(values []any, value any, path []string) []any {
	value = plain(value)
	if len(path) == 0 {
		return append(values, value)
	}
	key, each := strings.CutSuffix(path[0], "[]")
	var member any
	there := false
	switch object := value.(type) {
	case map[string]any:
		member, there = object[key]
	case *structpb.Struct:
		member, there = object.GetFields()[key]
	}
	if !there {
		return values
	}
	if !each {
		return appendValuesAt(values, member, path[1:])
	}
	switch list := plain(member).(type) {
	case []any:
		for _, item := range list {
			values = appendValuesAt(values, item, path[1:])
		}
	case *structpb.ListValue:
		for _, item := range list.GetValues() {
			values = appendValuesAt(values, item, path[1:])
		}
	}
	return values
}

// maxCheckedBytes is about the longest artifact of Go's own types that is looked into for ids.
const maxCheckedBytes = 16 << 20

// plain is a value as encoding/json decodes it, its members and what is of structpb left as they are; nil for null, and
// for what has no JSON.
func plain(value any) any {
	switch value := value.(type) {
	case nil, string, float64, bool, json.Number, map[string]any, []any, *structpb.Struct, *structpb.ListValue:
		return value
	case *structpb.Value:
		switch kind := value.GetKind().(type) {
		case *structpb.Value_StructValue:
			return kind.StructValue
		case *structpb.Value_ListValue:
			return kind.ListValue
		default:
			return value.AsInterface()
		}
	case []*structpb.Struct:
		return anyList(value)
	case []*structpb.Value:
		return anyList(value)
	default:
		generic, violation := throughJSON(value, maxCheckedBytes)
		if violation != nil {
			return nil
		}
		return generic
	}
}

func anyList[T any](items []T) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}

// idText is the text to look up; empty for what is no id.
func idText(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		if _, err := value.Int64(); err == nil {
			return value.String()
		}
	case float64:
		if value == math.Trunc(value) {
			return strconv.FormatFloat(value, 'f', -1, 64)
		}
	}
	return ""
}
