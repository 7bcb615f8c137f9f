package sessionlog

import (
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"
)

func FuzzJSONValueIsWhatEncodingJSONDecodes(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-1.5e-3`, `null`, `[true,false,null]`, `{"a":{"b":[{}, [], [[1,2],{"c":""}]]},"d":"x"}`,
		`"\\\"\u00e9\ud83d\ude00\n"`, `{"\"":"\\"}`, `[1e999]`, `"]},"`, `{"a":1,"a":2}`, `"\ud800"`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		compact, err := json.Marshal(json.RawMessage(text))
		if err != nil || !utf8.ValidString(text) { // the writer repairs text
			t.Skip()
		}
		var want any
		wantErr := json.Unmarshal(compact, &want)
		decoder := jsonValue{text: string(compact)}
		got := decoder.next()
		if (decoder.err != nil) != (wantErr != nil) {
			t.Fatalf("%s: %v, want %v", compact, decoder.err, wantErr)
		}
		if wantErr == nil && (!reflect.DeepEqual(got, want) || len(decoder.text) != 0) {
			t.Fatalf("%s: %v, want %v", compact, got, want)
		}
	})
}
