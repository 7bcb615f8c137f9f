package sessionlog

import (
	"encoding/binary"
	"math/bits"
)

// Wire types of https://protobuf.dev/programming-guides/encoding/.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireLength  = 2
)

// backwardWriter writes protobuf from its end to its beginning, so that the length of a message is known when it is to be
// written. What is written last comes first.
type backwardWriter struct {
	buffer   []byte
	at       int // buffer[at:] is written
	maxBytes int
	full     bool // a text was left out, with which there would be more than maxBytes
}

func (w *backwardWriter) reset(maxBytes int) {
	w.at, w.maxBytes, w.full = len(w.buffer), maxBytes, false
}

func (w *backwardWriter) tooLong() bool   { return w.full || w.length() > w.maxBytes }
func (w *backwardWriter) length() int     { return len(w.buffer) - w.at }
func (w *backwardWriter) written() []byte { return w.buffer[w.at:] }

// room makes space for n bytes, takes it, and hands it out.
func (w *backwardWriter) room(n int) []byte {
	if w.at < n {
		grown := make([]byte, max(2*len(w.buffer), w.length()+n, 4096))
		at := len(grown) - w.length()
		copy(grown[at:], w.written())
		w.buffer, w.at = grown, at
	}
	w.at -= n
	return w.buffer[w.at : w.at+n]
}

func (w *backwardWriter) varint(value uint64) {
	size := (bits.Len64(value|1) + 6) / 7
	place := w.room(size)
	for i := range place[:size-1] {
		place[i] = byte(value) | 0x80
		value >>= 7
	}
	place[size-1] = byte(value)
}

func (w *backwardWriter) tag(field, wireType int) { w.varint(uint64(field)<<3 | uint64(wireType)) }

// integerField writes nothing for 0, as proto3 does.
func (w *backwardWriter) integerField(field int, value int64) {
	if value != 0 {
		w.varint(uint64(value))
		w.tag(field, wireVarint)
	}
}

func (w *backwardWriter) boolField(field int, value bool) {
	number := uint64(0)
	if value {
		number = 1
	}
	w.varint(number)
	w.tag(field, wireVarint)
}

func (w *backwardWriter) doubleBitsField(field int, value uint64) {
	binary.LittleEndian.PutUint64(w.room(8), value)
	w.tag(field, wireFixed64)
}

// stringField writes a text, repaired where it is no UTF-8, even an empty one.
func (w *backwardWriter) stringField(field int, text string) {
	if len(text) > w.maxBytes-w.length() {
		w.full = true
		return
	}
	text = repairText(text)
	copy(w.room(len(text)), text)
	w.varint(uint64(len(text)))
	w.tag(field, wireLength)
}

// textField is stringField, but writes nothing for an empty text, as proto3 does.
func (w *backwardWriter) textField(field int, text string) {
	if text != "" {
		w.stringField(field, text)
	}
}

// closeMessage turns what was written since `mark`, a former length, into a field.
func (w *backwardWriter) closeMessage(field, mark int) {
	w.varint(uint64(w.length() - mark))
	w.tag(field, wireLength)
}
