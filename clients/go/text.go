package sessionlog

import (
	"strings"
	"unicode/utf8"
)

// cutText returns the first code points of a text, repaired.
func cutText(text string, codePointsMax int) string {
	text = repairText(text[:min(len(text), codePointsMax*utf8.UTFMax)])
	count := 0
	for index := range text {
		if count == codePointsMax {
			return text[:index]
		}
		count++
	}
	return text
}

// repairText puts U+FFFD in the place of each longest beginning of a UTF-8 sequence, and of each byte that begins none.
// https://encoding.spec.whatwg.org/#utf-8-decoder
func repairText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var repaired strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			for size < len(text) && !utf8.FullRuneInString(text[:size+1]) {
				size++
			}
		}
		repaired.WriteRune(r)
		text = text[size:]
	}
	return repaired.String()
}
