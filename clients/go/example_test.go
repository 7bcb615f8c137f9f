package sessionlog_test

import (
	"context"
	"errors"
	"fmt"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
)

// A daemon's request, from beginning to end.
func ExampleSessionLogger_Append() {
	log := sessionlog.NewSessionLogger("", sessionlog.Options{}) // no address: off
	defer log.Close(context.Background())

	roster := map[string]bool{"W-1042": true}
	check := sessionlog.RosterCheckFor(sessionlog.KindFill, func(id string) bool { return roster[id] })

	request := sessionlog.Request{Kind: sessionlog.KindFill, Model: "qwen3:8b", Provider: "ollama", Prompt: "Fill 1 slot.", MaxIterations: 3}
	response := &sessionlog.Response{
		Iterations: 1,
		History:    []sessionlog.Attempt{{Iteration: 0, VerdictKind: sessionlog.VerdictAccepted}},
		Artifact:   map[string]any{"fills": []any{map[string]any{"candidate_id": "W-1042"}}},
	}
	record := sessionlog.BuildSessionRecord(request, response, nil, nil, check, 1840)
	log.Append(record)
	fmt.Println(record.FinalVerdict, *record.GroundedInRoster)
	// Output: accepted true
}

// Who wants to know what became of the row asks for the answer.
func ExampleSessionLogger_AppendSync() {
	log := sessionlog.NewSessionLogger("127.0.0.1:1", sessionlog.Options{})
	defer log.Close(context.Background())
	_, err := log.AppendSync(context.Background(), sessionlog.Record{Artifact: "not an object"})
	var refused *sessionlog.RefusedError
	if errors.As(err, &refused) {
		fmt.Println(refused.Violations[0].Field, refused.Violations[0].Reason)
	}
	// Output: record.artifact INVALID_FORMAT
}
