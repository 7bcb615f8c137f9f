package sessionlog

import (
	"encoding/json"
	"strconv"
)

// jsonValue decodes what json.Marshal has written: valid JSON without blanks. Knowing that, it takes a third of the time of
// json.Unmarshal, which the caller of Append would have to wait for.
type jsonValue struct {
	text string // what is yet to be read; texts are parts of it
	err  error  // of a number that no float64 can hold
}

func (j *jsonValue) next() any {
	switch j.text[0] {
	case '{':
		return j.object()
	case '[':
		return j.list()
	case '"':
		return j.string()
	case 't':
		j.text = j.text[len("true"):]
		return true
	case 'f':
		j.text = j.text[len("false"):]
		return false
	case 'n':
		j.text = j.text[len("null"):]
		return nil
	default:
		return j.number()
	}
}

func (j *jsonValue) object() map[string]any {
	object := map[string]any{}
	for j.more('}') {
		key := j.string()
		j.text = j.text[1:] // the colon
		object[key] = j.next()
	}
	return object
}

func (j *jsonValue) list() []any {
	list := []any{}
	for j.more(']') {
		list = append(list, j.next())
	}
	return list
}

// more passes over what opens a container, or stands between its items. False: the container ends.
func (j *jsonValue) more(end byte) bool {
	opened := j.text[0] == '{' || j.text[0] == '['
	if j.text[0] == end || opened && j.text[1] == end {
		if opened {
			j.text = j.text[1:]
		}
		j.text = j.text[1:]
		return false
	}
	j.text = j.text[1:]
	return true
}

func (j *jsonValue) string() string {
	escaped := false
	end := 1
	for j.text[end] != '"' {
		if j.text[end] == '\\' {
			escaped = true
			end++
		}
		end++
	}
	quoted := j.text[:end+1]
	j.text = j.text[end+1:]
	if !escaped {
		return quoted[1:end]
	}
	var text string
	_ = json.Unmarshal([]byte(quoted), &text) // valid, as all of it is
	return text
}

func (j *jsonValue) number() float64 {
	end := 0
	for end < len(j.text) && j.text[end] != ',' && j.text[end] != '}' && j.text[end] != ']' {
		end++
	}
	number, err := strconv.ParseFloat(j.text[:end], 64)
	if err != nil {
		j.err = err
	}
	j.text = j.text[end:]
	return number
}
