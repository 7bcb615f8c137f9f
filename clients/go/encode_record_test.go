package sessionlog

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

const roomy = 4 << 20

func encodeOK(t *testing.T, record Record) *sessionlogv1.SessionRecord {
	t.Helper()
	row, violation := encodeRecord(&record, roomy)
	if violation != nil {
		t.Fatal(violation)
	}
	return decodeRow(t, row)
}

func TestEncodeRecordWritesEveryField(t *testing.T) {
	record, _ := typicalRecord()
	record.Schema = limits.Schema
	artifact, err := structpb.NewStruct(record.Artifact.(map[string]any))
	if err != nil {
		t.Fatal(err)
	}
	want := &sessionlogv1.SessionRecord{
		Schema: record.Schema, SessionId: record.SessionID, Timestamp: timestamppb.New(record.Timestamp),
		Daemon: record.Daemon, Kind: record.Kind, Model: record.Model, Provider: record.Provider, Prompt: record.Prompt,
		Iterations: 2, MaxIterations: 3, FinalVerdict: record.FinalVerdict,
		Attempts: []*sessionlogv1.SessionAttempt{
			{Iteration: 0, VerdictKind: VerdictValidationFailed, Error: record.Attempts[0].Error, SpanId: "00f067aa0ba902b7"},
			{Iteration: 1, VerdictKind: VerdictAccepted, SpanId: "00f067aa0ba902b8"},
		},
		Artifact: artifact, GroundedInRoster: proto.Bool(true), DurationMs: 1840,
	}
	got := encodeOK(t, record)
	if !proto.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if back := encodeOK(t, RecordFromProto(got)); !proto.Equal(back, want) {
		t.Errorf("RecordFromProto gives %v\nwant %v", back, want)
	}
}

// recordCase is a record with the names of its row.
type recordCase struct {
	Record struct {
		Schema           string
		SessionID        string `json:"session_id"`
		Timestamp        *timestamppb.Timestamp
		Daemon           string
		Kind             string
		Model            string
		Provider         string
		Prompt           string
		Iterations       int
		MaxIterations    int    `json:"max_iterations"`
		FinalVerdict     string `json:"final_verdict"`
		Attempts         []attemptCase
		Artifact         any
		GroundedInRoster *bool `json:"grounded_in_roster"`
		DurationMs       int64 `json:"duration_ms"`
	}
	BytesMax int `json:"bytes_max"`
	Bytes    string
	Refusal  struct{ Field, Reason string }
}

type attemptCase struct {
	Iteration   int
	VerdictKind string `json:"verdict_kind"`
	Error       string
	SpanID      string `json:"span_id"`
}

func TestEncodeRecord(t *testing.T) {
	for name, test := range readCases[recordCase](t, "records.jsonl") {
		in := test.Record
		record := Record{
			Schema: in.Schema, SessionID: in.SessionID, Daemon: in.Daemon, Kind: in.Kind, Model: in.Model, Provider: in.Provider,
			Prompt: in.Prompt, Iterations: in.Iterations, MaxIterations: in.MaxIterations, FinalVerdict: in.FinalVerdict,
			Artifact: in.Artifact, GroundedInRoster: in.GroundedInRoster, DurationMs: in.DurationMs, Timestamp: in.Timestamp.AsTime(),
		}
		for _, attempt := range in.Attempts {
			record.Attempts = append(record.Attempts, Attempt(attempt))
		}
		row, violation := encodeRecord(&record, cmp.Or(test.BytesMax, roomy))
		var bytes []byte
		if row != nil {
			_, _, tagSize := protowire.ConsumeTag(row)
			bytes, _ = protowire.ConsumeBytes(row[tagSize:])
		}
		if violation == nil {
			violation = &Violation{}
		}
		if hex.EncodeToString(bytes) != test.Bytes || violation.Field != test.Refusal.Field || violation.Reason != test.Refusal.Reason {
			t.Errorf("%s: %x %v, want %s %v", name, bytes, violation, test.Bytes, test.Refusal)
		}
	}
}

func TestEncodeRecordLeavesOutWhatIsAbsent(t *testing.T) {
	if got := encodeOK(t, Record{}); !proto.Equal(got, &sessionlogv1.SessionRecord{}) {
		t.Errorf("an empty record is %v", got)
	}
	for _, absent := range []any{nil, map[string]any(nil), (*structpb.Struct)(nil), (*struct{})(nil), json.RawMessage("null")} {
		if got := encodeOK(t, Record{Artifact: absent}); got.Artifact != nil {
			t.Errorf("%T is there: %v", absent, got)
		}
	}
}

func TestEncodeRecordRepairsText(t *testing.T) {
	const broken, repaired = "a\xffb\xe2\x82", "a\uFFFDb\uFFFD"
	record := Record{
		Schema: broken, SessionID: broken, Daemon: broken, Kind: broken, Model: broken, Provider: broken, Prompt: broken,
		FinalVerdict: broken, Attempts: []Attempt{{VerdictKind: broken, Error: broken, SpanID: broken}},
		Artifact: map[string]any{
			broken: broken, "list": []any{broken}, "texts": []string{broken}, "typed": map[string]string{"k": broken},
			"struct": &structpb.Struct{Fields: map[string]*structpb.Value{broken: structpb.NewStringValue(broken)}},
		},
	}
	got := encodeOK(t, record)
	text, err := protojson.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(text) || strings.Count(string(text), repaired) != 18 {
		t.Errorf("%d texts are repaired, want 18: %s", strings.Count(string(text), repaired), text)
	}
}

func TestEncodeRecordCutsLongText(t *testing.T) {
	long := strings.Repeat("🛠", limits.PromptCodePointsMax)
	got := encodeOK(t, Record{Prompt: long + "xyz", Attempts: []Attempt{{Error: long + "\xff"}}})
	if got.Prompt != long || got.Attempts[0].Error != long {
		t.Errorf("got %d and %d code points", utf8.RuneCountInString(got.Prompt), utf8.RuneCountInString(got.Attempts[0].Error))
	}
	if got := encodeOK(t, Record{Prompt: strings.Repeat("\xff", limits.PromptCodePointsMax+1)}); got.Prompt != strings.Repeat("\uFFFD", limits.PromptCodePointsMax) {
		t.Errorf("got %d bytes", len(got.Prompt))
	}
}

type fill struct {
	CandidateID string  `json:"candidate_id"`
	Hours       float64 `json:"hours"`
	hidden      int
}

func TestEncodeRecordTakesAnyObject(t *testing.T) {
	const want = `{"fills":[{"candidate_id":"W-1","hours":7.5}],"n":3,"none":null,"ok":true}`
	generic := map[string]any{
		"fills": []any{map[string]any{"candidate_id": "W-1", "hours": 7.5}}, "n": 3, "none": nil, "ok": true,
	}
	structured, err := structpb.NewStruct(generic)
	if err != nil {
		t.Fatal(err)
	}
	artifacts := map[string]any{
		"generic":  generic,
		"mixed":    map[string]any{"fills": []fill{{"W-1", 7.5, 1}}, "n": int64(3), "none": (*fill)(nil), "ok": structpb.NewBoolValue(true)},
		"maps":     map[string]any{"fills": []map[string]any{{"candidate_id": "W-1", "hours": json.Number("7.5")}}, "n": uint8(3), "none": []any(nil), "ok": true},
		"raw":      json.RawMessage(want),
		"structpb": structured,
		"pointers": &struct {
			Fills []*fill        `json:"fills"`
			N     int32          `json:"n"`
			None  map[string]any `json:"none"`
			OK    bool           `json:"ok"`
		}{[]*fill{{"W-1", 7.5, 0}}, 3, nil, true},
		"named map":   namedMap(generic),
		"values":      map[string]any{"fills": structured.Fields["fills"], "n": int32(3), "none": structpb.NewNullValue(), "ok": true},
		"empty value": map[string]any{"fills": structured.Fields["fills"], "n": 3.0, "none": &structpb.Value{}, "ok": true},
	}
	for name, artifact := range artifacts {
		got, err := json.Marshal(encodeOK(t, Record{Artifact: artifact}).Artifact.AsMap())
		if err != nil || string(got) != want {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
}

func TestEncodeRecordTakesListsOfStructpb(t *testing.T) {
	part := &structpb.Struct{Fields: map[string]*structpb.Value{"n": structpb.NewNumberValue(1)}}
	value := structpb.NewStructValue(part)
	got, err := json.Marshal(encodeOK(t, Record{Artifact: map[string]any{
		"absent":  []any{[]*structpb.Struct(nil), []*structpb.Value(nil), (*structpb.ListValue)(nil), (*structpb.Struct)(nil)},
		"list":    &structpb.ListValue{Values: []*structpb.Value{value, structpb.NewBoolValue(true)}},
		"structs": []*structpb.Struct{part, nil},
		"typed":   struct{ Part *structpb.Struct }{part},
		"values":  []*structpb.Value{value, nil},
	}}).Artifact.AsMap())
	const want = `{"absent":[null,null,null,null],"list":[{"n":1},true],"structs":[{"n":1},null],"typed":{"Part":{"n":1}},"values":[{"n":1},null]}`
	if err != nil || string(got) != want {
		t.Errorf("%s %v", got, err)
	}
}

func TestEncodeRecordTakesADeepStructpbInAStruct(t *testing.T) {
	deep := structpb.NewStringValue("the end")
	for level := range limits.ArtifactLevelsMax - 1 {
		if level%2 == 0 {
			deep = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{deep}})
		} else {
			deep = structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{"k": deep}})
		}
	}
	encodeOK(t, Record{Artifact: struct{ Deep *structpb.Value }{deep}})
	type node struct {
		Parent *node `json:"-"`
		parent *node
		Name   string `json:"name"`
		Kids   []*node
	}
	tree := &node{Name: "root"}
	tree.Kids = []*node{{Parent: tree, parent: tree, Name: "kid"}}
	encodeOK(t, Record{Artifact: tree})
}

type namedMap map[string]any

type ring struct{ Next *ring }

// marshalling has a MarshalJSON that writes another value.
type marshalling struct{ value any }

func (m marshalling) MarshalJSON() ([]byte, error) { return json.Marshal([]any{m.value}) }

type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("no JSON today") }

func TestEncodeRecordRefusesWhatCannotBeSent(t *testing.T) {
	cyclicMap := map[string]any{}
	cyclicMap["self"] = cyclicMap
	cyclicList := []any{nil}
	cyclicList[0] = cyclicList
	cyclicPointer := &ring{}
	cyclicPointer.Next = cyclicPointer
	cyclicStruct := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	cyclicStruct.Fields["self"] = structpb.NewStructValue(cyclicStruct)
	cyclicValues := map[string]*structpb.Value{"self": structpb.NewStructValue(cyclicStruct)}
	cyclicStructList := &structpb.ListValue{Values: []*structpb.Value{structpb.NewStructValue(cyclicStruct)}}
	type holder struct {
		Plan any `json:"plan"`
	}
	// 2^30 objects, when written out.
	wide := map[string]any{"k": "a text of some length"}
	for range limits.ArtifactLevelsMax - 2 {
		wide = map[string]any{"a": wide, "b": wide}
	}
	wideTyped := any("a text of some length")
	for range limits.ArtifactLevelsMax - 2 {
		wideTyped = [2]any{wideTyped, wideTyped}
	}
	for name, test := range map[string]struct {
		artifact any
		reason   string
	}{
		"NaN":                              {map[string]any{"n": math.NaN()}, "NOT_FINITE"},
		"Inf in a list":                    {map[string]any{"n": []any{1.5, math.Inf(-1)}}, "NOT_FINITE"},
		"NaN in a struct":                  {fill{Hours: math.NaN()}, "NOT_FINITE"},
		"NaN of 32 bits":                   {map[string]any{"n": float32(math.NaN())}, "NOT_FINITE"},
		"NaN in a MarshalJSON":             {marshalling{math.NaN()}, "NOT_FINITE"},
		"NaN in a structpb in a struct":    {holder{structpb.NewNumberValue(math.NaN())}, "NOT_FINITE"},
		"NaN in a structpb":                {&structpb.Struct{Fields: map[string]*structpb.Value{"n": structpb.NewNumberValue(math.NaN())}}, "NOT_FINITE"},
		"a number too large":               {map[string]any{"n": json.Number("1e999")}, "NOT_FINITE"},
		"a raw number too large":           {json.RawMessage(`{"n":1e999}`), "NOT_FINITE"},
		"no number":                        {map[string]any{"n": json.Number("one")}, "INVALID_FORMAT"},
		"keys that are bools":              {map[string]any{"m": map[any]any{true: 1}}, "INVALID_FORMAT"},
		"any keys":                         {map[any]any{"k": 1}, "INVALID_FORMAT"},
		"a channel":                        {map[string]any{"c": make(chan int)}, "INVALID_FORMAT"},
		"a function":                       {map[string]any{"f": func() {}}, "INVALID_FORMAT"},
		"a list":                           {[]any{1}, "INVALID_FORMAT"},
		"a text":                           {"text", "INVALID_FORMAT"},
		"broken raw JSON":                  {json.RawMessage(`{"a":`), "INVALID_FORMAT"},
		"a cyclic map":                     {cyclicMap, "TOO_DEEP"},
		"a cyclic list":                    {map[string]any{"l": cyclicList}, "TOO_DEEP"},
		"a cyclic pointer":                 {cyclicPointer, "TOO_DEEP"},
		"a cycle in a MarshalJSON":         {marshalling{cyclicMap}, "TOO_DEEP"},
		"a cyclic structpb":                {cyclicStruct, "TOO_DEEP"},
		"a list of cyclic structpbs":       {map[string]any{"parts": []*structpb.Struct{cyclicStruct}}, "TOO_DEEP"},
		"a list of cyclic structpb values": {map[string]any{"parts": []*structpb.Value{structpb.NewStructValue(cyclicStruct)}}, "TOO_DEEP"},
		"a structpb list that is cyclic":   {map[string]any{"parts": cyclicStructList}, "TOO_DEEP"},
		"a cyclic structpb value":          {structpb.NewStructValue(cyclicStruct), "TOO_DEEP"},
		"cyclic fields of a structpb":      {cyclicValues, "TOO_DEEP"},
		"a cyclic structpb in a struct":    {&holder{[]any{holder{cyclicStruct}}}, "TOO_DEEP"},
		"a cyclic structpb in a message":   {&sessionlogv1.SessionRecord{Artifact: cyclicStruct}, "TOO_DEEP"},
		"a cyclic structpb that is copied": {map[string]any{"k": struct{ S map[string]any }{map[string]any{"s": cyclicStruct}}}, "TOO_DEEP"},
		"shared without end":               {wide, "TOO_LONG"},
		"typed, without end":               {map[string]any{"w": wideTyped}, "TOO_LONG"},
		"too many bytes":                   {map[string]any{"blob": strings.Repeat("x", roomy)}, "TOO_LONG"},
	} {
		row, violation := encodeRecord(&Record{Artifact: test.artifact}, roomy)
		if row != nil || violation == nil || violation.Field != "record.artifact" || violation.Reason != test.reason {
			t.Errorf("%s: %v, want %s", name, violation, test.reason)
		}
	}
	attempts := make([]Attempt, limits.AttemptsMax)
	for i := range attempts {
		attempts[i].Error = strings.Repeat("é", limits.ErrorCodePointsMax)
	}
	if _, violation := encodeRecord(&Record{Attempts: attempts}, roomy); violation == nil || violation.Reason != "TOO_LONG" {
		t.Errorf("8 MB of errors: %v", violation)
	}
}

func TestEncodeRecordDoesNotCopyWhatIsFarTooLong(t *testing.T) {
	long := strings.Repeat("\xff", 64<<20)
	for name, record := range map[string]Record{
		"a field":     {Model: long},
		"an attempt":  {Attempts: []Attempt{{SpanID: long}}},
		"a text":      {Artifact: map[string]any{"blob": long}},
		"a key":       {Artifact: map[string]any{long: 1}},
		"in a list":   {Artifact: map[string]any{"blobs": []string{long}}},
		"a typed one": {Artifact: fill{CandidateID: long}},
		"a typed key": {Artifact: map[string]fill{long: {}}},
		"raw JSON":    {Artifact: map[string]any{"blob": json.RawMessage(`"` + long + `"`)}},
		"bytes":       {Artifact: struct{ Blob []byte }{make([]byte, 64<<20)}},
		"structpb":    {Artifact: &structpb.Struct{Fields: map[string]*structpb.Value{"blob": structpb.NewStringValue(long)}}},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		row, violation := encodeRecord(&record, roomy)
		runtime.ReadMemStats(&after)
		if row != nil || violation == nil || violation.Reason != "TOO_LONG" {
			t.Errorf("%s: %v, want TOO_LONG", name, violation)
		}
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > roomy {
			t.Errorf("%s: it took %d bytes", name, allocated)
		}
	}
}

func FuzzEncodeRecord(f *testing.F) {
	f.Add("prompt", "key", `{"a":[1,null,{"b":"\ud800"}]}`, int64(1))
	f.Add("\xff", "\xc3\x28", `{}`, int64(-1))
	f.Fuzz(func(t *testing.T, text, key, artifact string, number int64) {
		record := Record{
			Prompt: text, SessionID: key, Iterations: int(number), DurationMs: number, Timestamp: time.Unix(number, number),
			Attempts: []Attempt{{Error: text, Iteration: int(number)}},
			Artifact: map[string]any{key: text, "raw": json.RawMessage(artifact), "list": []any{number, text}},
		}
		row, violation := encodeRecord(&record, roomy)
		if violation != nil {
			if json.Valid([]byte(artifact)) && !strings.ContainsAny(artifact, "eE") && violation.Reason != "TOO_DEEP" {
				t.Fatal(violation)
			}
			return
		}
		got := decodeRow(t, row)
		if got.Artifact.Fields["list"].GetListValue().Values[1].GetStringValue() != repairText(text) {
			t.Fatal(fmt.Sprint(got))
		}
	})
}
