package sessionlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
)

// spill appends rows to a file as JSONL, for `sessionlog append`, and syncs it. It returns how many are there,
// which is all of them unless there is an error. A row that JSON cannot have, which the service would refuse, is skipped;
// when writing fails, the file ends with the last whole row.
func spill(path string, rows [][]byte) (spilled int, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	begun, err := endsWithinLine(file, end)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		line, lineErr := spillLine(row)
		if lineErr != nil {
			err = lineErr
			continue
		}
		if begun {
			line = append([]byte("\n"), line...)
			begun = false
		}
		if _, writeErr := file.WriteAt(line, end); writeErr != nil {
			return spilled, errors.Join(err, writeErr, file.Truncate(end), file.Sync())
		}
		end += int64(len(line))
		spilled++
	}
	return spilled, errors.Join(err, file.Sync())
}

// endsWithinLine reports whether a file of that size lacks its last newline.
func endsWithinLine(file *os.File, size int64) (bool, error) {
	if size == 0 {
		return false, nil
	}
	var last [1]byte
	_, err := file.ReadAt(last[:], size-1)
	return last[0] != '\n', err
}

// spillLine returns an encoded record as its ProtoJSON in one line, with the row's own names.
func spillLine(row []byte) ([]byte, error) {
	record, err := decodeRecord(row)
	if err != nil {
		return nil, fmt.Errorf("sessionlog: spill: %w", err)
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("sessionlog: spill: %w", err)
	}
	// protojson adds blanks at random.
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		return nil, fmt.Errorf("sessionlog: spill: %w", err)
	}
	line.WriteByte('\n')
	return line.Bytes(), nil
}

// sessionIDOf decodes a record's session id when a message needs it.
func sessionIDOf(row []byte) func() string {
	return func() string {
		record, _ := decodeRecord(row)
		return record.GetSessionId()
	}
}
