package sessionlog

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func TestRosterCheckFor(t *testing.T) {
	type rosterCase struct {
		Kind     string
		Artifact map[string]any
		IDPaths  []string `json:"id_paths"`
		Roster   []string
		Expected *bool
	}
	for name, test := range readCases[rosterCase](t, "rosters.jsonl") {
		text, err := json.Marshal(test.Artifact)
		if err != nil {
			t.Fatal(err)
		}
		structured, violation := artifactStruct(test.Artifact, roomy)
		if violation != nil {
			t.Fatal(violation)
		}
		lookup := func(id string) bool { return slices.Contains(test.Roster, id) }
		check := RosterCheckFor(test.Kind, lookup, test.IDPaths...)
		for _, artifact := range []any{test.Artifact, json.RawMessage(text), structured, structured.AsMap()} {
			if got := check(artifact); !reflect.DeepEqual(got, test.Expected) {
				t.Errorf("%s: %T: %v, want %v", name, artifact, got, test.Expected)
			}
		}
	}
	lookup := func(id string) bool { return id == "W-1" }
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
