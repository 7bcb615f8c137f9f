package sessionlog

import (
	"time"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
)

// jsonRecord is the record as a logger that writes JSON by itself has it.
type jsonRecord struct {
	Schema           string        `json:"schema"`
	SessionID        string        `json:"session_id"`
	Timestamp        time.Time     `json:"timestamp"`
	Daemon           string        `json:"daemon"`
	Kind             string        `json:"kind"`
	Model            string        `json:"model"`
	Provider         string        `json:"provider"`
	Prompt           string        `json:"prompt"`
	Iterations       int           `json:"iterations"`
	MaxIterations    int           `json:"max_iterations"`
	FinalVerdict     string        `json:"final_verdict"`
	Attempts         []jsonAttempt `json:"attempts"`
	Artifact         any           `json:"artifact,omitempty"`
	GroundedInRoster *bool         `json:"grounded_in_roster,omitempty"`
	DurationMs       int64         `json:"duration_ms"`
}

type jsonAttempt struct {
	Iteration   int    `json:"iteration"`
	VerdictKind string `json:"verdict_kind"`
	Error       string `json:"error,omitempty"`
	SpanID      string `json:"span_id,omitempty"`
}

// typicalRecord has about 960 bytes of JSON.
func typicalRecord() (Record, jsonRecord) {
	grounded := true
	artifact := map[string]any{
		"fills": []any{
			map[string]any{"candidate_id": "W-1042", "name": "Ana Ruiz", "slot": 1.0},
			map[string]any{"candidate_id": "W-1077", "name": "Søren Müller", "slot": 2.0},
		},
		"shift": "Mon 06:00-14:00", "site": "Plant 7",
	}
	record := Record{
		SessionID: "4bf92f3577b34da6a3ce929d0e0e4736", Timestamp: time.Unix(1777699329, 123456789).UTC(),
		Daemon: "validatord", Kind: "fill", Model: "qwen3:8b", Provider: "ollama",
		Prompt:     "Fill 2 welder slots at Plant 7, Mon 06:00-14:00.\nPrefer people who worked there last week.",
		Iterations: 2, MaxIterations: 3, FinalVerdict: VerdictAccepted,
		Attempts: []Attempt{
			{Iteration: 0, VerdictKind: VerdictValidationFailed, Error: `fills[0].candidate_id "W-9999" is not on the roster`, SpanID: "00f067aa0ba902b7"},
			{Iteration: 1, VerdictKind: VerdictAccepted, SpanID: "00f067aa0ba902b8"},
		},
		Artifact: artifact, GroundedInRoster: &grounded, DurationMs: 1840,
	}
	twin := jsonRecord{
		Schema: limits.Schema, SessionID: record.SessionID, Timestamp: record.Timestamp, Daemon: record.Daemon,
		Kind: record.Kind, Model: record.Model, Provider: record.Provider, Prompt: record.Prompt,
		Iterations: record.Iterations, MaxIterations: record.MaxIterations, FinalVerdict: record.FinalVerdict,
		Artifact: artifact, GroundedInRoster: &grounded, DurationMs: record.DurationMs,
	}
	for _, attempt := range record.Attempts {
		twin.Attempts = append(twin.Attempts, jsonAttempt(attempt))
	}
	return record, twin
}
