package sessionlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
)

const artifactField = "record.artifact"

// artifactStruct returns an artifact as a Struct, nil when it is null, or why it is refused. It is part of a
// message of at most maxBytes.
func artifactStruct(artifact any, maxBytes int) (object *structpb.Struct, violation *Violation) {
	defer func() {
		if panicked := recover(); panicked != nil { // in a MarshalJSON or MarshalText of the daemon
			object, violation = nil, artifactViolation("INVALID_FORMAT", fmt.Sprintf("encoding it panicked: %v", panicked))
		}
	}()
	b := newBounds(artifactField, min(limits.ArtifactBytesMax, maxBytes))
	value := b.value(artifact, limits.ArtifactLevelsMax)
	if _, isNull := value.GetKind().(*structpb.Value_NullValue); !isNull && value.GetStructValue() == nil {
		b.refuse(artifactViolation("INVALID_FORMAT", fmt.Sprintf("expected an object, found %T", artifact)))
	}
	return value.GetStructValue(), b.violation
}

// value converts a value of at most this many levels of objects and lists. The result counts only while there is no
// violation.
func (b *bounds) value(value any, levels int) *structpb.Value {
	if b.spend(2); b.violation != nil { // a separator, and a digit or more
		return nil
	}
	value, b.violation = plain(value)
	switch value := value.(type) {
	case map[string]any:
		b.enter(levels)
		object := &structpb.Struct{Fields: map[string]*structpb.Value{}}
		for key, member := range value {
			if b.spend(2); b.violation != nil { // the key's quotes
				break
			}
			object.Fields[b.text(artifactField, key)] = b.value(member, levels-1)
		}
		return structpb.NewStructValue(object)
	case []any:
		b.enter(levels)
		list := &structpb.ListValue{}
		for i := 0; i < len(value) && b.violation == nil; i++ {
			list.Values = append(list.Values, b.value(value[i], levels-1))
		}
		return structpb.NewListValue(list)
	case string:
		return structpb.NewStringValue(b.text(artifactField, value))
	case bool:
		return structpb.NewBoolValue(value)
	case float64:
		b.number(value)
		return structpb.NewNumberValue(value)
	default:
		return structpb.NewNullValue()
	}
}

// plain returns a value as encoding/json decodes it, with its members as they are.
func plain(value any) (any, *Violation) {
	switch value.(type) {
	case map[string]any, []any, *structpb.Struct, *structpb.ListValue, []*structpb.Struct, []*structpb.Value:
		if reflect.ValueOf(value).IsNil() {
			return nil, nil
		}
	}
	switch value := value.(type) {
	case nil, string, float64, bool, map[string]any, []any:
		return value, nil
	case *structpb.Struct:
		return anyMap(value.GetFields()), nil
	case *structpb.ListValue:
		return anyList(value.GetValues()), nil
	case []*structpb.Struct:
		return anyList(value), nil
	case []*structpb.Value:
		return anyList(value), nil
	case *structpb.Value:
		switch kind := value.GetKind().(type) {
		case *structpb.Value_StructValue:
			return anyMap(kind.StructValue.GetFields()), nil
		case *structpb.Value_ListValue:
			return anyList(kind.ListValue.GetValues()), nil
		case *structpb.Value_NumberValue: // NaN too, which AsInterface makes a text
			return kind.NumberValue, nil
		}
		return value.AsInterface(), nil
	default:
		return throughJSON(value)
	}
}

func anyMap(members map[string]*structpb.Value) map[string]any {
	object := make(map[string]any, len(members))
	for key, member := range members {
		object[key] = member
	}
	return object
}

func anyList[T any](items []T) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}

// throughJSON returns a value as encoding/json writes and reads it, so that its tags and its MarshalJSON count.
func throughJSON(value any) (any, *Violation) {
	b := newBounds(artifactField, limits.ArtifactBytesMax)
	b.bytesLeft *= 2 // JSON may leave out some of it
	if b.walk(reflect.ValueOf(value), walkStepsMax); b.violation != nil {
		return nil, b.violation
	}
	text, err := json.Marshal(value)
	var unsupported *json.UnsupportedValueError
	switch {
	case errors.As(err, &unsupported) && unsupported.Value.CanFloat():
		return nil, artifactViolation("NOT_FINITE", err.Error())
	case unsupported != nil: // it contains itself
		return nil, artifactViolation("TOO_DEEP", err.Error())
	case err != nil:
		return nil, artifactViolation("INVALID_FORMAT", err.Error())
	}
	var generic any
	if err := json.Unmarshal(text, &generic); err != nil { // a number that no float64 can hold
		return nil, artifactViolation("NOT_FINITE", err.Error())
	}
	return generic, nil
}

func artifactViolation(reason, description string) *Violation {
	return &Violation{Field: artifactField, Reason: reason, Description: description}
}
