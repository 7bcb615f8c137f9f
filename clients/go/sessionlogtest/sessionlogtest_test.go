package sessionlogtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// recordedTest is a test of which only the failures are wanted.
type recordedTest struct {
	testing.TB
	cleanups []func()
	failures []string
}

func (r *recordedTest) Helper()           {}
func (r *recordedTest) Cleanup(do func()) { r.cleanups = append(r.cleanups, do) }
func (r *recordedTest) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// failuresOf runs a test to its end.
func failuresOf(config Config, test func(log *sessionlog.SessionLogger, sessions *Sessions)) string {
	recorded := new(recordedTest)
	test(NewWith(recorded, config))
	for _, do := range recorded.cleanups {
		do()
	}
	return strings.Join(recorded.failures, "\n")
}

func TestNewKeepsWhatAHandlerLogs(t *testing.T) {
	log, sessions := New(t)
	s := log.Session(context.Background(), sessionlog.Request{Kind: sessionlog.KindFill, MaxIterations: 3})
	s.NoJSON(errors.New("a"))
	s.Accept(map[string]any{"n": 1})
	s.End(nil)
	got := sessions.Records()
	if len(got) != 1 || got[0].FinalVerdict != sessionlog.VerdictAccepted || got[0].SessionID != s.ID() || got[0].Artifact.(map[string]any)["n"] != 1.0 {
		t.Errorf("got %+v", got)
	}
}

func TestNewFailsTheTestForARefusedRecord(t *testing.T) {
	for name, record := range map[string]sessionlog.Record{
		"by the service": {SessionID: "s-1", Kind: "poem", FinalVerdict: sessionlog.VerdictInfraError},
		"by the client":  {SessionID: "s-1", Artifact: 1},
	} {
		refuse := func(log *sessionlog.SessionLogger, _ *Sessions) { log.Append(record) }
		if text := failuresOf(Config{}, refuse); !strings.Contains(text, "refused 1 records, at last: session s-1 of sessionlogtest.test: ") {
			t.Errorf("%s: it failed with %q", name, text)
		}
		if text := failuresOf(Config{Lenient: true}, refuse); text != "" {
			t.Errorf("%s: a lenient one failed with %q", name, text)
		}
	}
	text := failuresOf(Config{Kinds: []string{"poem"}}, func(log *sessionlog.SessionLogger, sessions *Sessions) {
		log.Append(sessionlog.Record{Kind: "poem", FinalVerdict: sessionlog.VerdictInfraError})
		if got := sessions.Records(); len(got) != 1 {
			t.Errorf("got %+v", got)
		}
	})
	if text != "" {
		t.Errorf("with the kind it failed with %q", text)
	}
}

var good = sessionlog.Record{Kind: sessionlog.KindFill, FinalVerdict: sessionlog.VerdictInfraError}

func TestRefuseRefusesTheNextRecord(t *testing.T) {
	log, sessions := New(t)
	sessions.Refuse(sessionlog.Violation{Field: "record.model", Description: "not today", Reason: "NOT_ALLOWED"})
	_, err := log.AppendSync(context.Background(), good)
	var refused *sessionlog.RefusedError
	if !errors.As(err, &refused) || refused.Violations[0].Description != "not today" {
		t.Errorf("the error is %v", err)
	}
	if log.Append(good); len(sessions.Records()) != 1 || log.Stats().Refused != 1 {
		t.Errorf("%+v", log.Stats())
	}
}

func TestGoAwayKeepsRowsUntilItComesBack(t *testing.T) {
	log, sessions := New(t)
	comeBack := sessions.GoAway()
	log.Append(good)
	if got := sessions.Records(); len(got) != 0 || log.Stats().Pending != 1 {
		t.Errorf("%v; %+v", got, log.Stats())
	}
	if comeBack(); len(sessions.Records()) != 1 {
		t.Errorf("%+v", log.Stats())
	}
}

type goldenCase struct {
	Name   string
	Send   json.RawMessage
	Repeat *struct {
		Path  []string
		Text  string
		Times int
	}
	Violations []struct{ Field, Reason string }
}

func readGolden(t *testing.T, file string) (cases []goldenCase) {
	t.Helper()
	text, err := os.ReadFile("../../../test/golden/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var one goldenCase
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, one)
	}
	return cases
}

// record is the case's record with its long text.
func (c goldenCase) record(t *testing.T) sessionlog.Record {
	t.Helper()
	send := c.Send
	if c.Repeat != nil {
		var object map[string]any
		if err := json.Unmarshal(send, &object); err != nil {
			t.Fatal(err)
		}
		holder := object
		for _, key := range c.Repeat.Path[:len(c.Repeat.Path)-1] {
			holder = holder[key].(map[string]any)
		}
		holder[c.Repeat.Path[len(c.Repeat.Path)-1]] = strings.Repeat(c.Repeat.Text, c.Repeat.Times)
		send, _ = json.Marshal(object)
	}
	message := new(sessionlogv1.SessionRecord)
	if err := protojson.Unmarshal(send, message); err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return sessionlog.RecordFromProto(message)
}

// The logger of tests refuses what the service refuses, but for a daemon, which the client puts in.
func TestNewRefusesWhatTheServiceRefuses(t *testing.T) {
	log, _ := NewWith(t, Config{Lenient: true})
	for _, golden := range slices.Concat(readGolden(t, "accept.jsonl"), readGolden(t, "reject.jsonl")) {
		var want, got []string
		for _, violation := range golden.Violations {
			if violation.Field != "record.daemon" || violation.Reason != "REQUIRED" {
				want = append(want, violation.Field+" "+violation.Reason)
			}
		}
		_, err := log.AppendSync(context.Background(), golden.record(t))
		var refused *sessionlog.RefusedError
		if errors.As(err, &refused) {
			for _, violation := range refused.Violations {
				got = append(got, violation.Field+" "+violation.Reason)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) || err != nil && refused == nil {
			t.Errorf("%s: %v, want %v; %v", golden.Name, got, want, err)
		}
	}
}
