package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"time"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
)

// iterationsMax is the most attempts that a session may have.
const iterationsMax = 10

// daemon runs sessions.
type daemon struct {
	config     config
	model      *model
	workers    WorkerLookup
	validators map[string]validator
	sessionLog *sessionlog.SessionLogger // nil: off
	log        *slog.Logger
}

func newDaemon(config config, workers WorkerLookup, sessionLog *sessionlog.SessionLogger, log *slog.Logger) *daemon {
	validators := map[string]validator{
		sessionlog.KindFill: FillValidator(workers), "email": anyObject, "playbook": anyObject,
	}
	if config.SkipValidation {
		validators[sessionlog.KindFill] = anyObject
	}
	return &daemon{
		config:     config,
		model:      newModel(config.ModelURL, config.Model, time.Duration(config.ModelTimeout)),
		workers:    workers,
		validators: validators,
		sessionLog: sessionLog,
		log:        log,
	}
}

// session is the end of a session: with a response, a failure, or an error of the infrastructure.
type session struct {
	traceID  string
	response *sessionlog.Response
	failure  *sessionlog.Failure
	err      error
}

// runSession iterates, and appends the session's row to the session log.
func (d *daemon) runSession(ctx context.Context, request sessionlog.Request) session {
	start := time.Now()
	response, failure, err := d.iterate(ctx, request)
	check := sessionlog.RosterCheckFor(request.Kind, func(id string) bool {
		_, known := d.workers.Find(id)
		return known
	})
	elapsed := time.Since(start).Milliseconds()
	d.sessionLog.Append(sessionlog.BuildSessionRecord(request, response, failure, err, check, elapsed))
	return session{request.TraceID, response, failure, err}
}

// iterate generates, validates and tries again with the validator's objection.
func (d *daemon) iterate(
	ctx context.Context, request sessionlog.Request,
) (*sessionlog.Response, *sessionlog.Failure, error) {
	validate := d.validators[request.Kind]
	messages := []message{
		{"system", "Answer with one JSON object and nothing else."},
		{"user", request.Prompt},
	}
	var history []sessionlog.Attempt
	for iteration := range request.MaxIterations {
		answer, err := d.model.complete(ctx, request.TraceID, messages)
		if err != nil {
			d.log.Error("the model cannot be asked", "session_id", request.TraceID, "error", err)
			return nil, nil, err
		}
		attempt := sessionlog.Attempt{Iteration: iteration, SpanID: randomHex(8)}
		artifact, found := findObject(answer)
		if !found {
			attempt.VerdictKind, attempt.Error = sessionlog.VerdictNoJSON, "no JSON object in output"
		} else if err := validate(artifact); err != nil {
			attempt.VerdictKind, attempt.Error = sessionlog.VerdictValidationFailed, err.Error()
		} else {
			attempt.VerdictKind = sessionlog.VerdictAccepted
			history = append(history, attempt)
			return &sessionlog.Response{Iterations: iteration + 1, History: history, Artifact: artifact}, nil, nil
		}
		history = append(history, attempt)
		messages = append(messages,
			message{"assistant", answer},
			message{"user", "That was refused: " + attempt.Error + ". Answer with one JSON object and nothing else."})
	}
	return nil, &sessionlog.Failure{Iterations: request.MaxIterations, History: history}, nil
}

func randomHex(bytes int) string {
	random := make([]byte, bytes)
	rand.Read(random)
	return hex.EncodeToString(random)
}
