package sessionlog

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

func TestBuildSessionRecord(t *testing.T) {
	type end struct {
		Iterations int
		History    []attemptCase
		Artifact   any
		TraceID    string `json:"trace_id"`
	}
	type buildCase struct {
		Request struct {
			Kind, Model, Provider, Prompt string
			MaxIterations                 int    `json:"max_iterations"`
			TraceID                       string `json:"trace_id"`
		}
		Response, Failure *end
		Error             string
		RosterCheck       json.RawMessage `json:"roster_check"`
		DurationMs        int64           `json:"duration_ms"`
		Record            json.RawMessage
	}
	history := func(ended *end) (attempts []Attempt) {
		for _, attempt := range ended.History {
			attempts = append(attempts, Attempt(attempt))
		}
		return attempts
	}
	for name, test := range readCases[buildCase](t, "build_record.jsonl") {
		var response *Response
		var failure *Failure
		var infraErr error
		var check RosterCheck
		if ended := test.Response; ended != nil {
			response = &Response{Iterations: ended.Iterations, History: history(ended), Artifact: ended.Artifact, TraceID: ended.TraceID}
		}
		if ended := test.Failure; ended != nil {
			failure = &Failure{Iterations: ended.Iterations, History: history(ended), TraceID: ended.TraceID}
		}
		if test.Error != "" {
			infraErr = errors.New(test.Error)
		}
		if test.RosterCheck != nil {
			check = func(artifact any) (grounded *bool) {
				if response == nil || !reflect.DeepEqual(artifact, response.Artifact) {
					t.Errorf("%s: the roster is asked about %v", name, artifact)
				}
				if err := json.Unmarshal(test.RosterCheck, &grounded); err != nil {
					panic(string(test.RosterCheck))
				}
				return grounded
			}
		}
		record := BuildSessionRecord(Request(test.Request), response, failure, infraErr, check, test.DurationMs)
		record.Daemon = "validatord"
		record.Timestamp = time.Date(2026, 5, 2, 5, 22, 9, 250_000_000, time.UTC)
		want := new(sessionlogv1.SessionRecord)
		if err := protojson.Unmarshal(test.Record, want); err != nil {
			t.Fatal(err)
		}
		if got := encodeOK(t, record); !proto.Equal(got, want) {
			t.Errorf("%s:\n%v, want\n%v", name, got, want)
		}
	}
}

func TestBuildSessionRecordCutsText(t *testing.T) {
	request := Request{Prompt: strings.Repeat("é", limits.PromptCodePointsMax+1_000)}
	record := BuildSessionRecord(request, nil, nil, errors.New(strings.Repeat("🛠", 900)), nil, 0)
	if record.Prompt != strings.Repeat("é", limits.PromptCodePointsMax) || record.Attempts[0].Error != strings.Repeat("🛠", 800) {
		t.Errorf("%d and %d bytes", len(record.Prompt), len(record.Attempts[0].Error))
	}
}

type faultyError struct{ text string }

func (e *faultyError) Error() string { return e.text }

func TestBuildSessionRecordTakesAnErrorThatPanics(t *testing.T) {
	var none *faultyError
	record := BuildSessionRecord(Request{}, nil, nil, none, nil, 0)
	if len(record.Attempts) != 1 || !strings.Contains(record.Attempts[0].Error, "*sessionlog.faultyError") {
		t.Errorf("got %+v", record)
	}
}

func TestRecordFromProtoTakesNil(t *testing.T) {
	if record := RecordFromProto(nil); !reflect.DeepEqual(record, Record{}) {
		t.Errorf("got %+v", record)
	}
}
