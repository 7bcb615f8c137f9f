package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
)

// requestBytesMax bounds the body of a request.
const requestBytesMax = 1 << 20

// iterateRequest is the body of POST /v1/iterate.
type iterateRequest struct {
	Kind          string `json:"kind"`
	Prompt        string `json:"prompt"`
	MaxIterations int    `json:"max_iterations"` // 0: as configured
}

// iterateResponse answers it.
type iterateResponse struct {
	SessionID  string        `json:"session_id"`
	Iterations int           `json:"iterations"`
	Artifact   any           `json:"artifact,omitempty"`
	Error      string        `json:"error,omitempty"`
	Attempts   []attemptView `json:"attempts,omitempty"`
}

type attemptView struct {
	VerdictKind string `json:"verdict_kind"`
	Error       string `json:"error,omitempty"`
}

// newHandler serves POST /v1/iterate: 200 with the artifact, 400 for a bad request, 422 when the attempts are used up, and
// 502 when the model cannot be asked.
func newHandler(d *daemon) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/iterate", func(w http.ResponseWriter, r *http.Request) {
		request, err := d.readRequest(w, r)
		if err != nil {
			writeJSON(w, http.StatusBadRequest, iterateResponse{Error: err.Error()})
			return
		}
		session := d.beginSession(r.Context(), request)
		artifact, err := d.iterate(r.Context(), session, request)
		status, answer := answerTo(session, artifact, err)
		writeJSON(w, status, answer)
	})
	return mux
}

func (d *daemon) readRequest(w http.ResponseWriter, r *http.Request) (sessionlog.Request, error) {
	var body iterateRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, requestBytesMax)).Decode(&body); err != nil {
		return sessionlog.Request{}, fmt.Errorf("the body is not a request: %w", err)
	}
	if _, known := d.validators[body.Kind]; !known {
		return sessionlog.Request{}, fmt.Errorf("kind %q is not known", body.Kind)
	}
	if body.Prompt == "" {
		return sessionlog.Request{}, fmt.Errorf("prompt is required")
	}
	if body.MaxIterations == 0 {
		body.MaxIterations = d.config.MaxIterations
	}
	if body.MaxIterations < 1 || body.MaxIterations > iterationsMax {
		return sessionlog.Request{}, fmt.Errorf("max_iterations: expected 1 to %d", iterationsMax)
	}
	return sessionlog.Request{
		Kind: body.Kind, Model: d.config.Model, Provider: d.config.Provider,
		Prompt: body.Prompt, MaxIterations: body.MaxIterations, TraceID: sessionlog.TraceIDFromHeader(r.Header),
	}, nil
}

func answerTo(session *sessionlog.Session, artifact map[string]any, err error) (int, iterateResponse) {
	history := session.History()
	answer := iterateResponse{SessionID: session.ID()}
	switch {
	case err == nil:
		answer.Iterations, answer.Artifact = len(history), artifact
		return http.StatusOK, answer
	case errors.Is(err, sessionlog.ErrExhausted):
		answer.Iterations, answer.Error = len(history), "the attempts are used up"
		for _, attempt := range history {
			answer.Attempts = append(answer.Attempts, attemptView{attempt.VerdictKind, attempt.Error})
		}
		return http.StatusUnprocessableEntity, answer
	default:
		answer.Error = "the model cannot be asked"
		return http.StatusBadGateway, answer
	}
}

func writeJSON(w http.ResponseWriter, status int, answer iterateResponse) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the caller may be gone
}
