package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
	"github.com/sessionlog/sessionlog/examples/validatord/scriptedmodel"
)

const testTimeout = 30 * time.Second

// fakeSessionLog keeps the records that it is sent.
type fakeSessionLog struct {
	sessionlogv1.UnimplementedSessionLogServer
	records chan *sessionlogv1.SessionRecord
}

func (f *fakeSessionLog) BatchAppendSessions(
	_ context.Context, request *sessionlogv1.BatchAppendSessionsRequest,
) (*sessionlogv1.BatchAppendSessionsResponse, error) {
	reply := new(sessionlogv1.BatchAppendSessionsResponse)
	for _, record := range request.GetRecords() {
		f.records <- record
		reply.Results = append(reply.Results, &sessionlogv1.AppendResult{
			Outcome: &sessionlogv1.AppendResult_Appended{Appended: &sessionlogv1.AppendSessionResponse{SessionId: record.GetSessionId()}},
		})
	}
	return reply, nil
}

func startSessionLog(t *testing.T) (string, *fakeSessionLog) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fake := &fakeSessionLog{records: make(chan *sessionlogv1.SessionRecord, 100)}
	server := grpc.NewServer()
	sessionlogv1.RegisterSessionLogServer(server, fake)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String(), fake
}

func texts(replies ...string) []scriptedmodel.Reply {
	var list []scriptedmodel.Reply
	for _, text := range replies {
		list = append(list, scriptedmodel.Reply{Text: text})
	}
	return list
}

var script = scriptedmodel.Script{
	{Prompt: "at once", Replies: texts(`{"fills":[{"candidate_id":"W-1000"}]}`)},
	{Prompt: "in three", Replies: texts("Let me think.", `{"fills":[{"candidate_id":"W-9999"}]}`,
		"Here: ```{\"fills\":[{\"candidate_id\":\"W-1000\"},{\"candidate_id\":\"W-1001\"}]}```")},
	{Prompt: "phantom", Replies: texts(`{"fills":[{"candidate_id":"W-9999"}]}`)},
	{Prompt: "letter", Replies: texts(`{"subject":"Hi"}`)},
	{Prompt: "broken", Replies: []scriptedmodel.Reply{{Text: "overloaded", Status: 503}}},
}

// startedDaemon is validatord with a scripted model and a roster of its own.
type startedDaemon struct {
	url  string
	log  *syncBuffer
	stop func() error // ends it as SIGTERM does
}

func startDaemon(t *testing.T, settings string, sessionLogAddress string) *startedDaemon {
	t.Helper()
	return startDaemonWith(t, scriptedmodel.Handler(script), settings, sessionLogAddress)
}

func startDaemonWith(t *testing.T, modelHandler http.Handler, settings string, sessionLogAddress string) *startedDaemon {
	t.Helper()
	model := httptest.NewServer(modelHandler)
	t.Cleanup(model.Close)
	path := filepath.Join(t.TempDir(), "validatord.toml")
	text := fmt.Sprintf("listen = \"127.0.0.1:0\"\nmodel_url = %q\nmodel = \"m-1\"\nprovider = \"scripted\"\nroster = \"roster.csv\"\n"+
		"session_log_address = %q\n%s", model.URL, sessionLogAddress, settings)
	const people = "worker_id,name,active\nW-1000,Ana,true\nW-1001,Ben,true\nW-1002,Chloé,false\n"
	writeFile(t, path, text)
	writeFile(t, filepath.Join(filepath.Dir(path), "roster.csv"), people)

	ctx, cancel := context.WithCancel(context.Background())
	log := &syncBuffer{line: make(chan string, 100)}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, path, slog.New(slog.NewJSONHandler(log, nil))) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	select {
	case line := <-log.line:
		var ready struct{ Msg, Address string }
		if err := json.Unmarshal([]byte(line), &ready); err != nil || ready.Msg != "serving" {
			t.Fatalf("it said %s", line)
		}
		return &startedDaemon{url: "http://" + ready.Address + "/v1/iterate", log: log, stop: stop}
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(testTimeout):
		t.Fatal("it did not serve in time")
	}
	return nil
}

func (d *startedDaemon) post(t *testing.T, body string, header http.Header) (int, iterateResponse) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, d.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header.Clone()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer iterateResponse
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

func nextRecord(t *testing.T, fake *fakeSessionLog) *sessionlogv1.SessionRecord {
	t.Helper()
	select {
	case record := <-fake.records:
		return record
	case <-time.After(testTimeout):
		t.Fatal("no record came in time")
		return nil
	}
}

func TestIterate(t *testing.T) {
	address, fake := startSessionLog(t)
	validating := startDaemon(t, "", address)
	bypassed := startDaemon(t, "skip_validation = true\n", address)
	for _, test := range []struct {
		name, kind, prompt string
		daemon             *startedDaemon
		status             int
		verdict, grounded  string
		attempts           string
	}{
		{"success", "fill", "at once", validating, 200, "accepted", "true", "accepted"},
		{"success after two refusals", "fill", "in three", validating, 200, "accepted", "true", "no_json validation_failed accepted"},
		{"exhausted", "fill", "phantom", validating, 422, "max_iter_exhausted", "unknown", "validation_failed validation_failed validation_failed"},
		{"infra error", "fill", "broken", validating, 502, "infra_error", "unknown", "infra_error"},
		{"no validator, phantom worker", "fill", "phantom", bypassed, 200, "accepted", "false", "accepted"},
		{"no validator, real worker", "fill", "at once", bypassed, 200, "accepted", "true", "accepted"},
		{"another kind", "email", "letter", validating, 200, "accepted", "unknown", "accepted"},
	} {
		header := http.Header{"X-Lakehouse-Trace-Id": {"trace-" + fmt.Sprint(len(test.name))}}
		status, answer := test.daemon.post(t, fmt.Sprintf(`{"kind":%q,"prompt":%q}`, test.kind, test.prompt), header)
		record := nextRecord(t, fake)
		grounded := "unknown"
		if record.GroundedInRoster != nil {
			grounded = fmt.Sprint(record.GetGroundedInRoster())
		}
		var attempts []string
		for i, attempt := range record.GetAttempts() {
			attempts = append(attempts, attempt.GetVerdictKind())
			if int(attempt.GetIteration()) != i {
				t.Errorf("%s: attempt %d has iteration %d", test.name, i, attempt.GetIteration())
			}
		}
		if status != test.status || record.GetFinalVerdict() != test.verdict || grounded != test.grounded || strings.Join(attempts, " ") != test.attempts {
			t.Errorf("%s: status %d, grounded %s, %v", test.name, status, grounded, record)
		}
		if (record.Artifact != nil) != (status == 200) || (answer.Artifact != nil) != (status == 200) {
			t.Errorf("%s: the artifact of %v, %v", test.name, record, answer)
		}
		id := header.Get("X-Lakehouse-Trace-Id")
		if record.GetSessionId() != id || answer.SessionID != id || record.GetDaemon() != "validatord" || record.GetModel() != "m-1" || record.GetKind() != test.kind {
			t.Errorf("%s: %v, %v", test.name, record, answer)
		}
	}
}

func TestIterateMakesATraceIDWhereThereIsNone(t *testing.T) {
	address, fake := startSessionLog(t)
	daemon := startDaemon(t, "", address)
	_, answer := daemon.post(t, `{"kind":"fill","prompt":"at once"}`, http.Header{})
	if record := nextRecord(t, fake); len(answer.SessionID) != 32 || record.GetSessionId() != answer.SessionID {
		t.Errorf("%q, %q", answer.SessionID, record.GetSessionId())
	}
}

func TestIterateRefusesBadRequests(t *testing.T) {
	daemon := startDaemon(t, "", "")
	for _, body := range []string{``, `{}`, `{"kind":"poem","prompt":"p"}`, `{"kind":"fill"}`, `{"kind":"fill","prompt":"p","max_iterations":11}`} {
		if status, answer := daemon.post(t, body, nil); status != 400 || answer.Error == "" {
			t.Errorf("%s: %d %v", body, status, answer)
		}
	}
}

func TestStartLineAnnouncesTheSessionLog(t *testing.T) {
	address, _ := startSessionLog(t)
	if line := startDaemon(t, "", address).log.String(); !strings.Contains(line, fmt.Sprintf(`"session_log":%q`, address)) {
		t.Errorf("it said %s", line)
	}
	off := startDaemon(t, "", "")
	if status, _ := off.post(t, `{"kind":"fill","prompt":"at once"}`, nil); status != 200 || !strings.Contains(off.log.String(), `"session_log":"off"`) {
		t.Errorf("status %d; it said %s", status, off.log)
	}
}

func TestDaemonServesWithTheSessionLogDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	daemon := startDaemon(t, "session_log_spill = \"spill.jsonl\"\n", address)
	if status, _ := daemon.post(t, `{"kind":"fill","prompt":"at once"}`, nil); status != 200 {
		t.Errorf("status %d", status)
	}
}

func TestDaemonSendsItsRowsBeforeItEnds(t *testing.T) {
	address, fake := startSessionLog(t)
	daemon := startDaemon(t, "", address)
	for range 20 {
		daemon.post(t, `{"kind":"fill","prompt":"at once"}`, nil)
	}
	if err := daemon.stop(); err != nil || len(fake.records) != 20 {
		t.Errorf("%v; %d rows; %s", err, len(fake.records), daemon.log)
	}
}

func TestDaemonEndsWithTheRowsOfAModelThatDoesNotAnswer(t *testing.T) {
	address, fake := startSessionLog(t)
	asked := make(chan struct{}, 2)
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the daemon is gone
		asked <- struct{}{}
		<-r.Context().Done()
	})
	daemon := startDaemonWith(t, silent, "drain_timeout = \"50ms\"\n", address)
	statuses := make(chan int, 2)
	for range 2 {
		go func() {
			status, _ := daemon.post(t, `{"kind":"fill","prompt":"at once"}`, nil)
			statuses <- status
		}()
		<-asked
	}
	err := daemon.stop()
	if err != nil || len(fake.records) != 2 {
		t.Fatalf("%v; %d rows; %s", err, len(fake.records), daemon.log)
	}
	for range 2 {
		if verdict, status := nextRecord(t, fake).GetFinalVerdict(), <-statuses; verdict != "infra_error" || status != 502 {
			t.Errorf("verdict %s, status %d", verdict, status)
		}
	}
}

func TestFindObjectGivesUpOnATextThatIsAllBraces(t *testing.T) {
	for _, part := range []string{`{"a":`, `{"a":[`, `{`, `{"`, `{"a":"`} {
		ended := make(chan bool, 1)
		go func() {
			_, found := findObject(strings.Repeat(part, replyBytesMax/len(part)))
			ended <- found
		}()
		select {
		case found := <-ended:
			if found {
				t.Errorf("%s: found", part)
			}
		case <-time.After(testTimeout):
			t.Errorf("%s: it goes on", part)
		}
	}
	if object, found := findObject(strings.Repeat("{", 10_000) + `{"a":1}`); !found || object["a"] != 1.0 {
		t.Errorf("not found after braces: %v", object)
	}
}

func TestFillValidator(t *testing.T) {
	validate := FillValidator(roster{"W-1": {ID: "W-1", Active: true}, "W-2": {ID: "W-2"}})
	for artifact, want := range map[string]string{
		`{"fills":[{"candidate_id":"W-1"}]}`: "",
		`{}`:                                 "at least one",
		`{"fills":[]}`:                       "at least one",
		`{"fills":["W-1"]}`:                  "fills[0].candidate_id is required",
		`{"fills":[{"candidate_id":"W-9"}]}`: `"W-9" is not on the roster`,
		`{"fills":[{"candidate_id":"W-2"}]}`: "is not active",
		`{"fills":[{"candidate_id":"W-1"},{"candidate_id":"W-1"}]}`: "fills[1].candidate_id \"W-1\" is named twice",
	} {
		var object map[string]any
		if err := json.Unmarshal([]byte(artifact), &object); err != nil {
			t.Fatal(err)
		}
		err := validate(object)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", artifact, err, want)
		}
	}
}

func TestFindObject(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1}`: `{"a":1}`, "So: ```json\n{\"a\":{\"b\":2}}\n``` as asked {x}": `{"a":{"b":2}}`, `{no} {"a":1}`: `{"a":1}`, "none": "", `[1]`: "", `{"a":`: "",
	} {
		object, found := findObject(text)
		got, _ := json.Marshal(object)
		if found != (want != "") || found && string(got) != want {
			t.Errorf("%s: %s %v", text, got, found)
		}
	}
}

func TestLoadConfigReportsWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"model_url = \"http://m\"\nroster = \"r.csv\"\nsession_log = \"x\"\n": "line 3: unknown key session_log",
		"roster = \"r.csv\"\n": "model_url is required",
		"model_url = \"http://m\"\nroster = \"r.csv\"\nmax_iterations = 11\n": "expected 1 to 10",
		"\nmodel_url = 1\n": "line 2: model_url",
	} {
		path := filepath.Join(t.TempDir(), "validatord.toml")
		writeFile(t, path, text)
		if _, err := loadConfig(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if loaded, err := loadConfig("validatord.toml"); err != nil || loaded.Roster != "../roster.csv" {
		t.Errorf("the example: %+v %v", loaded, err)
	}
}

func TestReadRoster(t *testing.T) {
	people, err := loadRoster("../roster.csv")
	if err != nil || len(people) < 100 || people["W-1000"].Name == "" || people["W-1002"].Active {
		t.Errorf("%d people, %v", len(people), err)
	}
	for _, text := range []string{"", "id,name\n1,a\n", "worker_id\n\"\"\n", "worker_id,name\nW-1\n"} {
		if _, err := readRoster(strings.NewReader(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// The whole chain, with the real service.
func TestRunScriptShowsTenRows(t *testing.T) {
	main := os.Getenv("SESSIONLOG_MAIN")
	if main == "" {
		main = "../../dist/main.js"
	}
	if _, err := os.Stat(main); err != nil {
		t.Skip("the service is not built; `npm run build` at the root of the repository does that")
	}
	for _, program := range []string{"bash", "node", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not here", program)
		}
	}
	output, err := exec.Command("./run.sh").CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte("10 requests, 10 rows")) {
		t.Errorf("%v: %s", err, output)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// syncBuffer is a log, whose lines can also be waited for.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	line chan string
}

var _ io.Writer = (*syncBuffer)(nil)

func (b *syncBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.line <- string(text):
	default:
	}
	return b.text.Write(text)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
