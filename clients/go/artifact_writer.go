package sessionlog

import (
	"encoding/json"
	"math"

	"google.golang.org/protobuf/types/known/structpb"
)

// maxArtifactLevels ends the walk into a value that contains itself. Common decoders of protobuf, whose limit is 100
// messages within each other, take 33 levels.
const maxArtifactLevels = 100

// artifactWriter writes values until the first that cannot be written.
type artifactWriter struct {
	*backwardWriter
	violation *Violation
}

func (a *artifactWriter) fail(violation *Violation) {
	if a.violation == nil {
		a.violation = violation
	}
}

// enter tells whether the walk may go on into a container.
func (a *artifactWriter) enter(level int) bool {
	if level > maxArtifactLevels {
		a.fail(artifactTooDeep())
	}
	return a.violation == nil
}

func (a *artifactWriter) object(object map[string]any, level int) {
	if !a.enter(level) {
		return
	}
	for key, value := range object {
		a.entry(key, func() { a.value(value, level) })
	}
}

func (a *artifactWriter) structpbObject(object *structpb.Struct, level int) {
	if !a.enter(level) {
		return
	}
	for key, value := range object.GetFields() {
		a.entry(key, func() { a.structpbValue(value, level) })
	}
}

// entry writes one key of an object; `write` writes its value's message.
func (a *artifactWriter) entry(key string, write func()) {
	if a.violation != nil {
		return
	}
	mark := a.length()
	write()
	a.closeMessage(2, mark)
	a.stringField(1, key)
	a.closeMessage(1, mark)
	if a.tooLong() {
		a.fail(artifactTooLong(a.maxBytes))
	}
}

// value writes a google.protobuf.Value, as a part of a container of that level.
func (a *artifactWriter) value(value any, level int) {
	switch value := value.(type) {
	case nil:
		a.null()
	case string:
		a.stringField(3, value)
	case float64:
		a.number(value)
	case bool:
		a.boolField(4, value)
	case map[string]any:
		if value == nil {
			a.null()
			return
		}
		mark := a.length()
		a.object(value, level+1)
		a.closeMessage(5, mark)
	case []any:
		writeList(a, value, level, func(item any) { a.value(item, level+1) })
	case []map[string]any:
		writeList(a, value, level, func(item map[string]any) { a.value(item, level+1) })
	case []string:
		writeList(a, value, level, func(item string) { a.stringField(3, item) })
	case int:
		a.number(float64(value))
	case int32:
		a.number(float64(value))
	case int64:
		a.number(float64(value))
	case json.Number:
		number, err := value.Float64()
		if err != nil && !math.IsInf(number, 0) {
			a.fail(artifactViolation("INVALID_FORMAT", err.Error()))
			return
		}
		a.number(number)
	case *structpb.Value:
		a.structpbValue(value, level)
	case *structpb.ListValue:
		if value == nil {
			a.null()
			return
		}
		a.structpbList(value, level)
	case []*structpb.Struct:
		writeList(a, value, level, func(item *structpb.Struct) { a.value(item, level+1) })
	case []*structpb.Value:
		writeList(a, value, level, func(item *structpb.Value) { a.structpbValue(item, level+1) })
	case *structpb.Struct:
		if value == nil {
			a.null()
			return
		}
		mark := a.length()
		a.structpbObject(value, level+1)
		a.closeMessage(5, mark)
	default:
		generic, violation := throughJSON(value, a.maxBytes)
		if violation != nil {
			a.fail(violation)
			return
		}
		a.value(generic, level)
	}
}

func (a *artifactWriter) structpbValue(value *structpb.Value, level int) {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_StringValue:
		a.stringField(3, kind.StringValue)
	case *structpb.Value_NumberValue:
		a.number(kind.NumberValue)
	case *structpb.Value_BoolValue:
		a.boolField(4, kind.BoolValue)
	case *structpb.Value_StructValue:
		mark := a.length()
		a.structpbObject(kind.StructValue, level+1)
		a.closeMessage(5, mark)
	case *structpb.Value_ListValue:
		a.structpbList(kind.ListValue, level)
	default:
		a.null()
	}
}

func (a *artifactWriter) structpbList(list *structpb.ListValue, level int) {
	values := list.GetValues()
	a.list(len(values), level, func(index int) { a.structpbValue(values[index], level+1) })
}

func writeList[T any](a *artifactWriter, items []T, level int, write func(item T)) {
	if items == nil {
		a.null()
		return
	}
	a.list(len(items), level, func(index int) { write(items[index]) })
}

// list writes a list of so many values, each by `write`, backwards.
func (a *artifactWriter) list(count, level int, write func(index int)) {
	mark := a.length()
	if !a.enter(level + 1) {
		return
	}
	for index := count - 1; index >= 0 && a.violation == nil; index-- {
		item := a.length()
		write(index)
		a.closeMessage(1, item)
		if a.tooLong() {
			a.fail(artifactTooLong(a.maxBytes))
		}
	}
	a.closeMessage(6, mark)
}

func (a *artifactWriter) null() {
	a.varint(0)
	a.tag(1, wireVarint)
}

func (a *artifactWriter) number(number float64) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		a.fail(artifactViolation("NOT_FINITE", "expected finite numbers only"))
		return
	}
	a.doubleBitsField(2, math.Float64bits(number))
}
