package sessionlog

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

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
	record.Schema = "session.iterate.v1"
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

func TestEncodeRecordLeavesOutWhatIsAbsent(t *testing.T) {
	if row, _ := encodeRecord(&Record{}, roomy); len(row) != 0 {
		t.Errorf("an empty record has %d bytes", len(row))
	}
	no := false
	got := encodeOK(t, Record{GroundedInRoster: &no, Artifact: map[string]any{}})
	if got.GroundedInRoster == nil || got.Artifact == nil {
		t.Errorf("false and {} are left out: %v", got)
	}
	for _, absent := range []any{nil, map[string]any(nil), (*structpb.Struct)(nil), (*struct{})(nil), json.RawMessage("null")} {
		if got := encodeOK(t, Record{Artifact: absent}); got.Artifact != nil {
			t.Errorf("%T is there: %v", absent, got)
		}
	}
}

func TestEncodeRecordKeepsNumbersOutOfRange(t *testing.T) {
	got := encodeOK(t, Record{Iterations: 1<<32 + 1, MaxIterations: -1 << 40, DurationMs: -1, Attempts: []Attempt{{Iteration: -1}}})
	if got.Iterations != math.MaxInt32 || got.MaxIterations != math.MinInt32 || got.DurationMs != -1 || got.Attempts[0].Iteration != -1 {
		t.Errorf("got %v", got)
	}
	early := time.Date(-5, 1, 1, 0, 0, 0, 999_999_999, time.UTC)
	if got := encodeOK(t, Record{Timestamp: early}); got.Timestamp.Seconds != early.Unix() || got.Timestamp.Nanos != 999_999_999 {
		t.Errorf("got %v", got.Timestamp)
	}
}

func TestEncodeRecordRepairsText(t *testing.T) {
	const broken, repaired = "a\xffb\xe2\x82", "a\uFFFDb\uFFFD\uFFFD"
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
	long := strings.Repeat("🛠", 4_000)
	got := encodeOK(t, Record{Prompt: long + "xyz", Attempts: []Attempt{{Error: long + "\xff"}}})
	if got.Prompt != long || got.Attempts[0].Error != long {
		t.Errorf("got %d and %d code points", utf8.RuneCountInString(got.Prompt), utf8.RuneCountInString(got.Attempts[0].Error))
	}
	if got := encodeOK(t, Record{Prompt: strings.Repeat("\xff", 4_001)}); got.Prompt != strings.Repeat("\uFFFD", 4_000) {
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
	for level := range maxArtifactLevels - 1 {
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
	// 2^60 objects, when written out.
	wide := map[string]any{"k": "a text of some length"}
	for range 60 {
		wide = map[string]any{"a": wide, "b": wide}
	}
	wideTyped := any("a text of some length")
	for range 60 {
		wideTyped = [2]any{wideTyped, wideTyped}
	}
	for name, test := range map[string]struct {
		artifact any
		reason   string
	}{
		"NaN":                              {map[string]any{"n": math.NaN()}, "NOT_FINITE"},
		"Inf in a list":                    {map[string]any{"n": []any{1.5, math.Inf(-1)}}, "NOT_FINITE"},
		"NaN in a struct":                  {fill{Hours: math.NaN()}, "NOT_FINITE"},
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
	attempts := make([]Attempt, 1_000)
	for i := range attempts {
		attempts[i].Error = strings.Repeat("é", 4_000)
	}
	if _, violation := encodeRecord(&Record{Attempts: attempts}, roomy); violation == nil || violation.Reason != "TOO_LONG" {
		t.Errorf("8 MB of errors: %v", violation)
	}
}

func TestEncodeRecordTakesDeepArtifacts(t *testing.T) {
	var value any = "bottom"
	for range 60 {
		value = map[string]any{"list": []any{value}}
	}
	_, violation := encodeRecord(&Record{Artifact: value}, roomy)
	if violation == nil || violation.Reason != "TOO_DEEP" {
		t.Errorf("120 levels: %v", violation)
	}
	value = value.(map[string]any)["list"].([]any)[0]
	for range 20 {
		value = value.(map[string]any)["list"].([]any)[0]
	}
	got := encodeOK(t, Record{Artifact: value}).Artifact.AsMap() // 78 levels: for the service to refuse
	if !reflect.DeepEqual(any(got), value) {
		t.Error("what comes out is not what went in")
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
