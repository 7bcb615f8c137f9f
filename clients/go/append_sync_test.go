package sessionlog

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

func TestAppendSyncReturnsWhatWasStored(t *testing.T) {
	fake := startFake(t, &fakeService{answer: failFirst(2, status.Error(codes.Unavailable, "starting"))})
	l, _ := newTestLogger(t, fake.address, Options{})
	at := time.Date(2026, 5, 2, 5, 22, 9, 123456789, time.UTC)
	record := Record{SessionID: "s-1", Timestamp: at, Prompt: "a"}
	result, err := l.AppendSync(testContext(t), record)
	if want := (Result{SessionID: "s-1", Timestamp: at, Sequence: 1}); err != nil || result != want {
		t.Errorf("%+v %v, want %+v", result, err, want)
	}
	if again, err := l.AppendSync(testContext(t), record); err != nil || !again.Duplicate || again.Sequence != 1 {
		t.Errorf("again: %+v %v", again, err)
	}
	wantStats(t, l, Stats{Appended: 1, Duplicate: 1, Retried: 2})
}

func TestAppendSyncReturnsTheViolations(t *testing.T) {
	fake := startFake(t, &fakeService{refuse: func(*sessionlogv1.SessionRecord) []*sessionlogv1.Violation {
		return []*sessionlogv1.Violation{
			{Field: "record.kind", Reason: "NOT_ALLOWED", Description: "expected fill"},
			{Field: "record.daemon", Reason: "REQUIRED", Description: "is required"},
		}
	}})
	l, log := newTestLogger(t, fake.address, Options{})
	_, err := l.AppendSync(testContext(t), prompted("a"))
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Count != 2 || len(refused.Violations) != 2 ||
		refused.Violations[1] != (Violation{Field: "record.daemon", Reason: "REQUIRED", Description: "is required"}) {
		t.Fatalf("AppendSync: %v", err)
	}
	const text = "sessionlog: the record is refused: record.kind NOT_ALLOWED: expected fill; record.daemon REQUIRED: is required"
	if err.Error() != text {
		t.Errorf("it says %q", err)
	}
	if _, err := l.AppendSync(testContext(t), Record{Artifact: []int{1}}); !errors.As(err, &refused) || refused.Violations[0].Field != "record.artifact" {
		t.Errorf("AppendSync: %v", err)
	}
	if _, err := l.AppendSync(testContext(t), Record{Artifact: panicking{}}); err == nil || !strings.Contains(err.Error(), "no JSON today") {
		t.Errorf("AppendSync: %v", err)
	}
	wantStats(t, l, Stats{Refused: 3})
	if log.lines() != 0 {
		t.Errorf("what the caller gets was logged too: %s", log)
	}
}

func TestAppendSyncReturnsTheStatus(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	l, _ := newTestLogger(t, "127.0.0.1:1", Options{})
	if _, err := l.AppendSync(ctx, prompted("a")); status.Code(err) != codes.Unavailable && status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("AppendSync: %v", err)
	}
	for _, failed := range []codes.Code{codes.PermissionDenied, codes.Unauthenticated} {
		fake := startFake(t, &fakeService{answer: failFirst(9, status.Error(failed, "not you"))})
		l, _ = newTestLogger(t, fake.address, Options{})
		if _, err := l.AppendSync(testContext(t), prompted("a")); status.Code(err) != failed || len(fake.callSizes()) != 1 {
			t.Errorf("AppendSync: %v", err)
		}
	}
}

func TestAppendSyncDistinguishesARefusalFromAFailure(t *testing.T) {
	invalid := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "records", Reason: "TOO_LONG"}}}
	for _, test := range []struct {
		err     error
		refused bool
	}{
		{statusWith(codes.InvalidArgument, "records", invalid), true},
		{status.Error(codes.InvalidArgument, "no details"), false},
		{status.Error(codes.ResourceExhausted, "too large"), false},
		{status.Error(codes.Internal, "a fault"), false},
		{status.Error(codes.Unknown, "a fault"), false},
		{status.Error(codes.DataLoss, "a fault"), false},
		{status.Error(codes.OutOfRange, "a fault"), false},
	} {
		fake := startFake(t, &fakeService{answer: failFirst(1, test.err)})
		l, _ := newTestLogger(t, fake.address, Options{})
		_, err := l.AppendSync(testContext(t), prompted("a"))
		var refused *RefusedError
		if errors.As(err, &refused) != test.refused || !test.refused && status.Code(err) != status.Code(test.err) {
			t.Errorf("%v: AppendSync: %v", test.err, err)
		}
		want := Stats{}
		if test.refused {
			want.Refused = 1
		}
		wantStats(t, l, want)
	}
}
