package sessionlog

import (
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// errBadReply is the error of a reply that does not keep to the API.
var errBadReply = errors.New("sessionlog: not the reply of a session log")

// action is what follows a failed call. clients/cases/failures.json has them by status, for all clients.
type action int

const (
	// retry sends the same rows again. A retry is safe: rows that had arrived are recognised.
	retry action = iota
	// split sends halves, so that a row that fails alone does not take others with it.
	split
	// giveUp counts the rows as refused.
	giveUp
	// spill writes the rows to the spill file: the daemon may not append.
	spill
	// waitForCredentials keeps the rows in the buffer until another token is in the token file, and tries the same one each
	// minute. Without such a file it is spill.
	waitForCredentials
)

// actionAfter returns what follows a failed call with that many rows, and how long the service asks to wait.
func actionAfter(err error, rows int) (action, time.Duration) {
	failed, _ := status.FromError(err)
	delay, hasRetryInfo := retryDelay(failed)
	switch code := failed.Code(); {
	case errors.Is(err, errBadReply) || code == codes.Unimplemented:
		return giveUp, 0
	case code == codes.Unavailable, code == codes.DeadlineExceeded, code == codes.Canceled, code == codes.Aborted,
		// Without RetryInfo it is a message that is too large, as in OTLP.
		code == codes.ResourceExhausted && hasRetryInfo:
		return retry, delay
	case code == codes.Unauthenticated:
		return waitForCredentials, 0
	case code == codes.PermissionDenied:
		return spill, 0
	case rows > 1:
		return split, 0
	default:
		return giveUp, 0
	}
}

func retryDelay(failed *status.Status) (delay time.Duration, asked bool) {
	for _, detail := range failed.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return max(info.GetRetryDelay().AsDuration(), 0), true
		}
	}
	return 0, false
}

// refusalBy returns what an error of a call says against its one record: the fields of its BadRequest, else its status.
func refusalBy(err error) *RefusedError {
	violations := violationsOf(err)
	if len(violations) == 0 {
		failed, _ := status.FromError(err)
		violations = []Violation{{Field: "record", Description: failed.Message(), Reason: code.Code(failed.Code()).String()}}
	}
	return &RefusedError{Violations: violations, Count: len(violations)}
}

// violationsOf returns the fields of an error's BadRequest; none when the call failed for another reason.
func violationsOf(err error) (violations []Violation) {
	failed, _ := status.FromError(err)
	for _, detail := range failed.Details() {
		request, _ := detail.(*errdetails.BadRequest)
		violations = appendViolations(violations, request.GetFieldViolations())
	}
	return violations
}

// refusalOf returns the service's rejection of one record of a batch.
func refusalOf(rejection *sessionlogv1.Rejection) *RefusedError {
	violations := appendViolations(nil, rejection.GetViolations())
	if len(violations) == 0 {
		violations = []Violation{{Field: "record", Description: "the service gave no reason", Reason: "REFUSED"}}
	}
	return &RefusedError{Violations: violations, Count: max(int(rejection.GetViolationCount()), len(violations))}
}

func appendViolations[T interface {
	GetField() string
	GetDescription() string
	GetReason() string
}](to []Violation, from []T) []Violation {
	for _, violation := range from {
		to = append(to, Violation{violation.GetField(), violation.GetDescription(), violation.GetReason()})
	}
	return to
}
