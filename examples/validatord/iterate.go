package main

import (
	"context"
	"errors"
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

// beginSession returns a session, whose end checks the workers that an accepted fill names.
func (d *daemon) beginSession(ctx context.Context, request sessionlog.Request) *sessionlog.Session {
	isKnown := func(id string) bool {
		_, known := d.workers.Find(id)
		return known
	}
	return d.sessionLog.Session(ctx, request, sessionlog.WithRoster(sessionlog.RosterCheckFor(request.Kind, isKnown)))
}

var errNoObject = errors.New("no JSON object in output")

// iterate generates, validates and tries again with the validator's objection. The error is ErrExhausted, or that of a model
// that cannot be asked.
func (d *daemon) iterate(
	ctx context.Context, s *sessionlog.Session, request sessionlog.Request,
) (artifact map[string]any, err error) {
	defer s.End(&err)
	messages := []message{
		{"system", "Answer with one JSON object and nothing else."},
		{"user", request.Prompt},
	}
	for range request.MaxIterations {
		answer, err := d.model.complete(ctx, s.ID(), messages)
		if err != nil {
			d.log.Error("the model cannot be asked", "session_id", s.ID(), "error", err)
			return nil, err
		}
		artifact, objection := findObject(answer), errNoObject
		if artifact != nil {
			objection = d.validators[request.Kind](artifact)
		}
		switch {
		case objection == nil:
			s.Accept(artifact)
			return artifact, nil
		case artifact == nil:
			s.NoJSON(objection)
		default:
			s.ValidationFailed(objection)
		}
		messages = append(messages,
			message{"assistant", answer},
			message{"user", "That was refused: " + objection.Error() + ". Answer with one JSON object and nothing else."})
	}
	return nil, sessionlog.ErrExhausted
}
