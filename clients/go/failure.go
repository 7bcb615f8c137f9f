package sessionlog

import (
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// errBadReply tells that what answered does not keep to the API.
var errBadReply = errors.New("sessionlog: not the reply of a session log")

// remedy is what may help after a call that failed as a whole.
type remedy int

const (
	// retry: the service, or the way to it, will be well again. Rows that had arrived are recognised.
	retry remedy = iota
	// split: something in the call is refused. Halves of it may pass, until what is refused is one row.
	split
	// giveUp: the service takes no rows from this caller.
	giveUp
)

// remedyFor tells what to do after an error of a call, and how long the service asks to wait.
func remedyFor(err error) (remedy, time.Duration) {
	if errors.Is(err, errBadReply) {
		return giveUp, 0
	}
	failed, _ := status.FromError(err)
	delay, asked := retryDelay(failed)
	switch failed.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.Canceled:
		return retry, delay
	case codes.ResourceExhausted:
		// The OTLP convention: it is worth a retry only when RetryInfo says so. Without, a message is too large.
		if asked {
			return retry, delay
		}
		return split, 0
	case codes.InvalidArgument, codes.OutOfRange, codes.Internal, codes.Unknown, codes.DataLoss:
		return split, 0
	default:
		return giveUp, 0
	}
}

func retryDelay(failed *status.Status) (time.Duration, bool) {
	for _, detail := range failed.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return max(info.GetRetryDelay().AsDuration(), 0), true
		}
	}
	return 0, false
}

// refusalBy is what an error of a call says against its one record: the fields of its BadRequest, else its code.
func refusalBy(err error) *RefusedError {
	violations := violationsOf(err)
	if len(violations) == 0 {
		failed, _ := status.FromError(err)
		violations = []Violation{{Field: "record", Description: failed.Message(), Reason: codeName(failed.Code())}}
	}
	return &RefusedError{Violations: violations, Count: len(violations)}
}

// violationsOf are the fields of an error's BadRequest; none when the call failed for another reason.
func violationsOf(err error) (violations []Violation) {
	failed, _ := status.FromError(err)
	for _, detail := range failed.Details() {
		request, ok := detail.(*errdetails.BadRequest)
		if !ok {
			continue
		}
		for _, violation := range request.GetFieldViolations() {
			violations = append(violations, Violation{
				Field:       violation.GetField(),
				Description: violation.GetDescription(),
				Reason:      violation.GetReason(),
			})
		}
	}
	return violations
}

// refusalOf is the service's rejection of one record of a batch.
func refusalOf(rejection *sessionlogv1.Rejection) *RefusedError {
	refusal := &RefusedError{Count: int(rejection.GetViolationCount())}
	for _, violation := range rejection.GetViolations() {
		refusal.Violations = append(refusal.Violations, Violation{
			Field:       violation.GetField(),
			Description: violation.GetDescription(),
			Reason:      violation.GetReason(),
		})
	}
	if len(refusal.Violations) == 0 {
		refusal.Violations = []Violation{{Field: "record", Description: "the service did not say why", Reason: "REFUSED"}}
	}
	refusal.Count = max(refusal.Count, len(refusal.Violations))
	return refusal
}

// codeName is a code as the gRPC documentation writes it.
func codeName(code codes.Code) string {
	switch code {
	case codes.ResourceExhausted:
		return "RESOURCE_EXHAUSTED"
	case codes.InvalidArgument:
		return "INVALID_ARGUMENT"
	case codes.PermissionDenied:
		return "PERMISSION_DENIED"
	case codes.Unauthenticated:
		return "UNAUTHENTICATED"
	case codes.Unimplemented:
		return "UNIMPLEMENTED"
	default:
		return code.String()
	}
}
