package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
)

// WorkerLookup finds people on the roster.
type WorkerLookup interface {
	Find(workerID string) (worker, bool)
}

type worker struct {
	ID, Name, Role, Site string
	Active               bool
}

// roster is the people by their ids.
type roster map[string]worker

func (r roster) Find(workerID string) (worker, bool) {
	found, ok := r[workerID]
	return found, ok
}

// loadRoster reads a CSV file with a header, of which only the column worker_id is required.
func loadRoster(path string) (roster, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	loaded, err := readRoster(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return loaded, nil
}

func readRoster(source io.Reader) (roster, error) {
	lines := csv.NewReader(source)
	header, err := lines.Read()
	if err != nil {
		return nil, fmt.Errorf("expected a header with worker_id: %w", err)
	}
	if !slices.Contains(header, "worker_id") {
		return nil, fmt.Errorf("expected a column worker_id, found %v", header)
	}
	people := roster{}
	for {
		values, err := lines.Read()
		if err == io.EOF {
			return people, nil
		}
		if err != nil {
			return nil, err
		}
		field := func(column string) string {
			if index := slices.Index(header, column); index >= 0 {
				return values[index]
			}
			return ""
		}
		person := worker{field("worker_id"), field("name"), field("role"), field("site"), field("active") != "false"}
		if person.ID == "" {
			line, _ := lines.FieldPos(0)
			return nil, fmt.Errorf("line %d: no worker_id", line)
		}
		people[person.ID] = person
	}
}
