package sessionlog

import (
	"encoding/json"
	"fmt"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func TestRosterCheckFor(t *testing.T) {
	roster := map[string]bool{"W-1": true, "W-2": true, "1042": true}
	lookup := func(id string) bool { return roster[id] }
	for _, test := range []struct {
		kind, artifact string
		paths          []string
		want           string
	}{
		{KindFill, `{"fills":[{"candidate_id":"W-1"},{"candidate_id":"W-2"}]}`, nil, "true"},
		{KindFill, `{"fills":[{"candidate_id":"W-1"},{"candidate_id":"W-9"}]}`, nil, "false"},
		{KindFill, `{"worker_id":"W-2"}`, nil, "true"},
		{KindFill, `{"fills":[{"candidate_id":"W-1"}],"worker_id":"W-9"}`, nil, "false"},
		{KindFill, `{"fills":[{"candidate_id":1042}]}`, nil, "true"},
		{KindFill, `{"fills":[{"candidate_id":""}]}`, nil, "false"},
		{KindFill, `{"fills":[{"candidate_id":true}]}`, nil, "false"},
		{KindFill, `{"fills":[{"candidate_id":10.5}]}`, nil, "false"},
		{KindFill, `{"fills":[{"candidate_id":null}]}`, nil, "false"},
		{KindFill, `{"fills":[{"candidate_id":"W-1"},{"open":true},{"worker_id":"W-2"}]}`, nil, "true"},
		{KindFill, `{"fills":[]}`, nil, "unknown"},
		{KindFill, `{"fills":"none","name":"W-1"}`, nil, "unknown"},
		{KindFill, `{"shifts":[{"crew":[{"id":"W-1"},{"id":"W-9"}]}]}`, []string{"shifts[].crew[].id"}, "false"},
		{KindFill, `{"crew":["W-1","W-2"]}`, []string{"crew[]"}, "true"},
		{"email", `{"worker_id":"W-9"}`, nil, "unknown"},
	} {
		var generic map[string]any
		if err := json.Unmarshal([]byte(test.artifact), &generic); err != nil {
			t.Fatal(err)
		}
		structured, err := structpb.NewStruct(generic)
		if err != nil {
			t.Fatal(err)
		}
		check := RosterCheckFor(test.kind, lookup, test.paths...)
		for _, artifact := range []any{generic, json.RawMessage(test.artifact), structured} {
			got := "unknown"
			if grounded := check(artifact); grounded != nil {
				got = fmt.Sprint(*grounded)
			}
			if got != test.want {
				t.Errorf("%s %T %s: %s, want %s", test.kind, artifact, test.artifact, got, test.want)
			}
		}
	}
	typed := struct {
		Fills []struct {
			CandidateID string `json:"candidate_id"`
		} `json:"fills"`
	}{Fills: []struct {
		CandidateID string `json:"candidate_id"`
	}{{"W-9"}}}
	if grounded := RosterCheckFor(KindFill, lookup)(map[string]any{"fills": typed.Fills}); grounded == nil || *grounded {
		t.Errorf("a typed artifact: %v", grounded)
	}
	if RosterCheckFor(KindFill, lookup)(make(chan int)) != nil || RosterCheckFor(KindFill, nil)(typed) != nil {
		t.Error("it knows what cannot be known")
	}
}

func TestRosterCheckForAnArtifactThatContainsItself(t *testing.T) {
	cyclic := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	cyclic.Fields["self"] = structpb.NewStructValue(cyclic)
	fills := structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewStructValue(&structpb.Struct{
		Fields: map[string]*structpb.Value{"candidate_id": structpb.NewStringValue("W-1"), "self": structpb.NewStructValue(cyclic)},
	})}})
	named := &structpb.Struct{Fields: map[string]*structpb.Value{"fills": fills, "self": structpb.NewStructValue(cyclic)}}
	looped := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	looped.Fields["fills"] = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewStructValue(looped)}})
	parts := []*structpb.Struct{{Fields: map[string]*structpb.Value{"worker_id": structpb.NewStringValue("W-9"), "self": structpb.NewStructValue(cyclic)}}}
	lookup := func(id string) bool { return id == "W-1" }
	for name, test := range map[string]struct {
		artifact any
		want     string
	}{
		"itself alone":        {cyclic, "unknown"},
		"beside its fills":    {named, "true"},
		"in its fills":        {looped, "unknown"},
		"as a value":          {structpb.NewStructValue(named), "true"},
		"a list of structpbs": {map[string]any{"fills": parts}, "false"},
		"a list of values":    {map[string]any{"fills": fills.GetListValue().GetValues()}, "true"},
		"a structpb list":     {map[string]any{"fills": fills.GetListValue()}, "true"},
		"in a struct":         {struct{ Plan any }{cyclic}, "unknown"},
	} {
		record := BuildSessionRecord(Request{Kind: KindFill}, &Response{Artifact: test.artifact}, nil, nil, RosterCheckFor(KindFill, lookup), 0)
		got := "unknown"
		if record.GroundedInRoster != nil {
			got = fmt.Sprint(*record.GroundedInRoster)
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
