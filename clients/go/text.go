package sessionlog

import "unicode/utf8"

// The service cuts these texts to as many code points; here it is done so that a long one costs no buffer and no row.
const (
	maxPromptCodePoints       = 4_000
	maxAttemptErrorCodePoints = 4_000
)

// cutText is the first `codePoints` of a text. A byte that is no UTF-8 counts as one, as the U+FFFD that it becomes.
func cutText(text string, codePoints int) string {
	if len(text) <= codePoints {
		return text
	}
	count := 0
	for index := range text {
		if count == codePoints {
			return text[:index]
		}
		count++
	}
	return text
}

// repairText puts U+FFFD in the place of every byte that is no UTF-8, as encoding/json does.
func repairText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}
