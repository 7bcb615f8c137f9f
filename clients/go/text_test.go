package sessionlog

import (
	"encoding/hex"
	"testing"
	"unicode/utf8"
)

func TestTextIsRepairedAndCut(t *testing.T) {
	type textCase struct {
		Text          string // in which encoding/json has put U+FFFD for lone surrogates
		Bytes         string
		CodePointsMax int `json:"code_points_max"`
		Expected      string
	}
	for name, test := range readCases[textCase](t, "text.jsonl") {
		text := test.Text
		if test.Bytes != "" {
			decoded, err := hex.DecodeString(test.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			text = string(decoded)
		}
		got := repairText(text)
		if test.CodePointsMax > 0 {
			got = cutText(text, test.CodePointsMax)
		}
		if got != test.Expected {
			t.Errorf("%s: %q, want %q", name, got, test.Expected)
		}
	}
}

func FuzzCutTextIsTheBeginningOfTheRepairedText(f *testing.F) {
	f.Add("\xe2\x82\xe2\x82x", uint8(1))
	f.Add("😀\xf0\x9f\x98", uint8(2))
	f.Fuzz(func(t *testing.T, text string, codePointsMax uint8) {
		runes := []rune(repairText(text))
		want := string(runes[:min(len(runes), int(codePointsMax))])
		if got := cutText(text, int(codePointsMax)); got != want || !utf8.ValidString(got) {
			t.Errorf("%q to %d: %q, want %q", text, codePointsMax, got, want)
		}
	})
}
