package sessionlog

import (
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"
)

// writeArtifact writes a value as a google.protobuf.Struct, or nothing when it is null.
func writeArtifact(w *backwardWriter, field int, artifact any) *Violation {
	value, violation := topLevel(artifact, w.maxBytes)
	if violation != nil || value == nil {
		return violation
	}
	a := artifactWriter{backwardWriter: w}
	mark := w.length()
	switch object := value.(type) {
	case map[string]any:
		a.object(object, 1)
	case *structpb.Struct:
		a.structpbObject(object, 1)
	default:
		return artifactViolation("INVALID_FORMAT", fmt.Sprintf("expected an object, found %T", artifact))
	}
	w.closeMessage(field, mark)
	return a.violation
}

// topLevel is the artifact as one of the types that are written as they are; nil when it is null.
func topLevel(artifact any, maxBytes int) (any, *Violation) {
	switch value := artifact.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		if value == nil {
			return nil, nil
		}
		return value, nil
	case *structpb.Struct:
		if value == nil {
			return nil, nil
		}
		return value, nil
	default:
		return throughJSON(artifact, maxBytes)
	}
}

// throughJSON is what a value of any other type is in JSON, so that its tags and its MarshalJSON count. What is far longer
// than maxBytes is refused unwritten.
func throughJSON(value any, maxBytes int) (any, *Violation) {
	if violation := checkJSONBounds(value, maxBytes); violation != nil {
		return nil, violation
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, artifactViolation(jsonReason(err), err.Error())
	}
	decoder := jsonValue{text: string(text)}
	generic := decoder.next()
	if decoder.err != nil {
		return nil, artifactViolation("NOT_FINITE", decoder.err.Error())
	}
	return generic, nil
}

// jsonReason tells NaN and Inf from what JSON cannot say at all.
func jsonReason(err error) string {
	var unsupported *json.UnsupportedValueError
	if !errors.As(err, &unsupported) {
		return "INVALID_FORMAT"
	}
	if unsupported.Value.CanFloat() {
		return "NOT_FINITE"
	}
	return "TOO_DEEP" // it contains itself
}

func artifactViolation(reason, description string) *Violation {
	return &Violation{Field: "record.artifact", Reason: reason, Description: description}
}
