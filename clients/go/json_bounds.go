package sessionlog

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"google.golang.org/protobuf/types/known/structpb"
)

// maxJSONSteps is how far the walk into a value goes: a level of structpb is eight pointers, interfaces and structs.
const maxJSONSteps = 10 * maxArtifactLevels

// jsonBounds looks at a value before json.Marshal does. That would write all of a value that is far too large; and the
// MarshalJSON of a structpb that contains itself does not end before the stack does, which no recover stops. A MarshalJSON
// of the daemon's own is not looked into.
type jsonBounds struct {
	bytesLeft int
	violation *Violation
}

func checkJSONBounds(value any, maxBytes int) *Violation {
	// Twice the bytes, as some may belong to what JSON leaves out.
	b := jsonBounds{bytesLeft: 2 * maxBytes}
	b.walk(reflect.ValueOf(value), maxJSONSteps)
	if b.violation == nil && b.bytesLeft < 0 {
		b.violation = artifactTooLong(maxBytes)
	}
	return b.violation
}

func (b *jsonBounds) walk(value reflect.Value, steps int) {
	if steps == 0 {
		b.violation = artifactTooDeep()
	}
	if b.violation != nil || b.bytesLeft < 0 || isFlat(value.Kind()) {
		return
	}
	plan := jsonPlanOf(value.Type())
	if plan.marshalsItself {
		return
	}
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		b.walk(value.Elem(), steps-1)
	case reflect.String:
		b.bytesLeft -= value.Len()
	case reflect.Slice, reflect.Array:
		b.bytesLeft -= 1 + value.Len()
		if isFlat(value.Type().Elem().Kind()) {
			return
		}
		for i := range value.Len() {
			b.walk(value.Index(i), steps-1)
		}
	case reflect.Map:
		b.bytesLeft--
		for entries := value.MapRange(); entries.Next(); {
			b.walk(entries.Key(), steps-1)
			b.walk(entries.Value(), steps-1)
		}
	case reflect.Struct:
		b.bytesLeft--
		for _, field := range plan.fields {
			b.walk(value.Field(field), steps-1)
		}
	}
}

// isFlat tells whether values of a kind, such as numbers and nothing, hold no others.
func isFlat(kind reflect.Kind) bool { return kind <= reflect.Complex128 }

// jsonPlan is how the walk goes on from values of a type.
type jsonPlan struct {
	marshalsItself bool  // it has a MarshalJSON or a MarshalText, and is not of structpb
	fields         []int // of a struct, those that JSON may have
}

var jsonPlans sync.Map // of *jsonPlan by reflect.Type

func jsonPlanOf(t reflect.Type) *jsonPlan {
	if known, ok := jsonPlans.Load(t); ok {
		return known.(*jsonPlan)
	}
	plan := &jsonPlan{marshalsItself: marshalsItself(t)}
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			field := t.Field(i)
			if (field.IsExported() || field.Anonymous) && field.Tag.Get("json") != "-" && !isFlat(field.Type.Kind()) {
				plan.fields = append(plan.fields, i)
			}
		}
	}
	jsonPlans.Store(t, plan)
	return plan
}

func marshalsItself(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[*structpb.Struct](), reflect.TypeFor[*structpb.Value](), reflect.TypeFor[*structpb.ListValue]():
		return false
	}
	return t.Kind() != reflect.Interface &&
		(t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()))
}

func artifactTooDeep() *Violation {
	return artifactViolation("TOO_DEEP", fmt.Sprintf("more than %d levels of objects and lists; does it contain itself?", maxArtifactLevels))
}

func artifactTooLong(maxBytes int) *Violation {
	return artifactViolation("TOO_LONG", fmt.Sprintf("expected a record of at most %d bytes", maxBytes))
}
