package sessionlog

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
)

// bounds ends a walk over a record or its artifact at the first value that cannot be sent.
type bounds struct {
	field     string
	bytesMax  int // of the field
	bytesLeft int // bytesMax less what the values so far take at least
	violation *Violation
}

func newBounds(field string, bytesMax int) *bounds {
	return &bounds{field: field, bytesMax: bytesMax, bytesLeft: bytesMax}
}

func (b *bounds) refuse(violation *Violation) {
	if b.violation == nil {
		b.violation = violation
	}
}

func (b *bounds) spend(bytes int) {
	if b.bytesLeft -= bytes; b.bytesLeft < 0 {
		b.refuse(tooLong(b.field, b.bytesMax))
	}
}

// text returns a text of a field repaired; one that is too long is not read.
func (b *bounds) text(field, text string) string {
	if len(text) > b.bytesMax {
		b.refuse(tooLong(field, b.bytesMax))
	}
	if b.spend(len(text)); b.violation != nil {
		return ""
	}
	return repairText(text)
}

// integer refuses what its field does not hold.
func (b *bounds) integer(field string, value int) int32 {
	if value < math.MinInt32 || value > math.MaxInt32 {
		b.refuse(&Violation{Field: field, Reason: "OUT_OF_RANGE", Description: "expected an integer of 32 bits"})
	}
	return int32(value)
}

// number refuses what JSON does not have.
func (b *bounds) number(number float64) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		b.refuse(artifactViolation("NOT_FINITE", "expected finite numbers only"))
	}
}

// enter refuses a further level when none is left.
func (b *bounds) enter(levelsLeft int) {
	if levelsLeft == 0 {
		b.refuse(artifactViolation("TOO_DEEP",
			fmt.Sprintf("expected at most %d levels of objects and lists; does it contain itself?", limits.ArtifactLevelsMax)))
	}
}

// walkStepsMax bounds the depth of a walk: a level of structpb is eight pointers, interfaces and structs.
const walkStepsMax = 10 * limits.ArtifactLevelsMax

// walk visits a value before json.Marshal does, which would write all of a value that is far too long. The MarshalJSON of a
// structpb that contains itself overflows the stack, which no recover stops: it ends the process. A MarshalJSON of the
// daemon's own is not entered.
func (b *bounds) walk(value reflect.Value, steps int) {
	if b.enter(steps); b.violation != nil || !value.IsValid() {
		return
	}
	if marshalsItself(value.Type()) {
		if value.Kind() == reflect.Slice {
			b.spend(value.Len() / 4) // of a json.RawMessage, which may have blanks
		}
		return
	}
	switch value.Kind() {
	case reflect.Float32, reflect.Float64:
		b.number(value.Float())
	case reflect.Pointer, reflect.Interface:
		b.walk(value.Elem(), steps-1)
	case reflect.String:
		b.spend(value.Len())
	case reflect.Slice, reflect.Array:
		b.spend(value.Len())
		for i := 0; i < value.Len() && b.violation == nil; i++ {
			b.walk(value.Index(i), steps-1)
		}
	case reflect.Map:
		b.spend(value.Len())
		for entries := value.MapRange(); b.violation == nil && entries.Next(); {
			b.walk(entries.Key(), steps-1)
			b.walk(entries.Value(), steps-1)
		}
	case reflect.Struct:
		b.spend(1)
		for i := range value.NumField() {
			field := value.Type().Field(i)
			if (field.IsExported() || field.Anonymous) && field.Tag.Get("json") != "-" {
				b.walk(value.Field(i), steps-1)
			}
		}
	}
}

// marshalsItself reports whether values of a type have a MarshalJSON or MarshalText that is not structpb's.
func marshalsItself(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[*structpb.Struct](), reflect.TypeFor[*structpb.Value](), reflect.TypeFor[*structpb.ListValue]():
		return false
	}
	return t.Kind() != reflect.Interface && t.NumMethod() > 0 &&
		(t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()))
}
