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

// writeSpilled appends rows to a file as JSONL, for `sessionlog append`, and syncs it. It returns how many are there,
// which is all of them unless there is an error. A row that JSON cannot have, which the service would refuse, is skipped;
// when writing fails, the file ends with the last whole row.
func writeSpilled(path string, rows [][]byte) (spilled int, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	separator, err := missingNewline(file, end)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		line, lineErr := rowLine(row)
		if lineErr != nil {
			err = fmt.Errorf("sessionlog: spill: %w", lineErr)
			continue
		}
		line, separator = append(append(separator, line...), '\n'), nil
		if _, writeErr := file.WriteAt(line, end); writeErr != nil {
			return spilled, errors.Join(err, writeErr, file.Truncate(end), file.Sync())
		}
		end += int64(len(line))
		spilled++
	}
	return spilled, errors.Join(err, file.Sync())
}

// missingNewline returns the newline that a file of that size lacks at its end.
func missingNewline(file *os.File, size int64) ([]byte, error) {
	last := []byte{'\n'}
	if _, err := file.ReadAt(last, max(size-1, 0)); err != nil && size > 0 {
		return nil, err
	}
	if last[0] == '\n' {
		return nil, nil
	}
	return []byte{'\n'}, nil
}

// rowLine returns an encoded record as its ProtoJSON in one line, with the row's own names.
func rowLine(row []byte) ([]byte, error) {
	record, err := decodeRecord(row)
	if err != nil {
		return nil, err
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(record)
	if err != nil {
		return nil, err
	}
	var line bytes.Buffer
	err = json.Compact(&line, text) // protojson adds blanks at random
	return line.Bytes(), err
}
