package sessionlog

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestBuildSessionRecord(t *testing.T) {
	yes := true
	check := func(artifact any) *bool {
		if artifact != "the artifact" {
			t.Errorf("asked about %v", artifact)
		}
		return &yes
	}
	unasked := func(any) *bool { t.Error("asked for a roster check"); return nil }
	history := []Attempt{{Iteration: 0, VerdictKind: VerdictNoJSON}, {Iteration: 1, VerdictKind: VerdictAccepted}}
	request := Request{Kind: KindFill, Model: "m", Provider: "p", Prompt: "fill it", MaxIterations: 3}
	traced := request
	traced.TraceID = "of-request"
	base := Record{Kind: KindFill, Model: "m", Provider: "p", Prompt: "fill it", MaxIterations: 3, DurationMs: 42}
	response := &Response{Iterations: 2, History: history, Artifact: "the artifact", TraceID: "of-response"}
	failure := &Failure{Iterations: 3, History: history[:1], TraceID: "of-failure"}
	with := func(change func(*Record)) Record {
		record := base
		change(&record)
		return record
	}
	accepted := with(func(r *Record) {
		r.SessionID, r.FinalVerdict, r.Iterations, r.Attempts, r.Artifact, r.GroundedInRoster =
			"of-response", VerdictAccepted, 2, history, "the artifact", &yes
	})
	for name, test := range map[string]struct{ got, want Record }{
		"accepted":                {BuildSessionRecord(request, response, nil, nil, check, 42), accepted},
		"both: the response wins": {BuildSessionRecord(request, response, failure, errors.New("e"), check, 42), accepted},
		"the trace id of the request": {BuildSessionRecord(traced, response, nil, nil, check, 42), func() Record {
			record := accepted
			record.SessionID = "of-request"
			return record
		}()},
		"no check": {BuildSessionRecord(request, response, nil, nil, nil, 42), func() Record {
			record := accepted
			record.GroundedInRoster = nil
			return record
		}()},
		"a check that panics": {BuildSessionRecord(request, response, nil, nil, func(any) *bool { panic("roster is gone") }, 42), func() Record {
			record := accepted
			record.GroundedInRoster = nil
			return record
		}()},
		"failure": {BuildSessionRecord(request, nil, failure, errors.New("e"), unasked, 42), with(func(r *Record) {
			r.SessionID, r.FinalVerdict, r.Iterations, r.Attempts = "of-failure", VerdictMaxIterExhausted, 3, history[:1]
		})},
		"infrastructure error": {BuildSessionRecord(traced, nil, nil, errors.New("refused"), unasked, 42), with(func(r *Record) {
			r.SessionID, r.FinalVerdict = "of-request", VerdictInfraError
			r.Attempts = []Attempt{{Iteration: 0, VerdictKind: VerdictInfraError, Error: "refused"}}
		})},
		"no error at all": {BuildSessionRecord(request, nil, nil, nil, unasked, 42), with(func(r *Record) {
			r.FinalVerdict = VerdictInfraError
		})},
	} {
		if !reflect.DeepEqual(test.got, test.want) {
			t.Errorf("%s:\n%+v, want\n%+v", name, test.got, test.want)
		}
	}
}

func TestBuildSessionRecordCutsText(t *testing.T) {
	request := Request{Prompt: strings.Repeat("é", 5_000)}
	record := BuildSessionRecord(request, nil, nil, errors.New(strings.Repeat("🛠", 900)), nil, 0)
	if record.Prompt != strings.Repeat("é", 4_000) || record.Attempts[0].Error != strings.Repeat("🛠", 800) {
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
