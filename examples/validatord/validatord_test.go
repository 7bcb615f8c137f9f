package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
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

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogtest"
	"github.com/sessionlog/sessionlog/examples/validatord/scriptedmodel"
)

const testTimeout = 30 * time.Second

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

	sessions *sessionlogtest.Sessions // nil: those of an address
}

func startDaemon(t *testing.T, settings string) *startedDaemon {
	t.Helper()
	return startDaemonWith(t, scriptedmodel.Handler(script), settings)
}

// startDaemonWith gives the daemon a session log in memory.
func startDaemonWith(t *testing.T, modelHandler http.Handler, settings string) *startedDaemon {
	t.Helper()
	var opened *sessionlogtest.Sessions
	daemon := startDaemonWithLog(t, modelHandler, settings, func(options sessionlog.Options) *sessionlog.SessionLogger {
		log, sessions := sessionlogtest.NewWith(t, sessionlogtest.Config{Options: options})
		opened = sessions
		return log
	})
	daemon.sessions = opened
	return daemon
}

func startDaemonWithLog(
	t *testing.T, modelHandler http.Handler, settings string, open func(sessionlog.Options) *sessionlog.SessionLogger,
) *startedDaemon {
	t.Helper()
	model := httptest.NewServer(modelHandler)
	t.Cleanup(model.Close)
	path := filepath.Join(t.TempDir(), "validatord.toml")
	text := fmt.Sprintf("listen = \"127.0.0.1:0\"\nmodel_url = %q\nmodel = \"m-1\"\nprovider = \"scripted\"\nroster = \"roster.csv\"\n%s",
		model.URL, settings)
	const people = "worker_id,name,active\nW-1000,Ana,true\nW-1001,Ben,true\nW-1002,Chloé,false\n"
	writeFile(t, path, text)
	writeFile(t, filepath.Join(filepath.Dir(path), "roster.csv"), people)

	ctx, cancel := context.WithCancel(context.Background())
	log := &syncBuffer{line: make(chan string, 100)}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, path, slog.New(slog.NewJSONHandler(log, nil)), open) }()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	for deadline := time.After(testTimeout); ; {
		select {
		case line := <-log.line:
			var ready struct{ Msg, Address string }
			if err := json.Unmarshal([]byte(line), &ready); err != nil {
				t.Fatalf("it said %s", line)
			}
			if ready.Msg == "serving" {
				return &startedDaemon{url: "http://" + ready.Address + "/v1/iterate", log: log, stop: stop}
			}
		case err := <-ended:
			t.Fatal(err)
		case <-deadline:
			t.Fatal("it did not serve in time")
		}
	}
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

// lastRecord is the one that came last.
func (d *startedDaemon) lastRecord(t *testing.T) sessionlog.Record {
	t.Helper()
	records := d.sessions.Records()
	if len(records) == 0 {
		t.Fatal("there is no record")
	}
	return records[len(records)-1]
}

func TestIterate(t *testing.T) {
	validating := startDaemon(t, "")
	bypassed := startDaemon(t, "skip_validation = true\n")
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
		record := test.daemon.lastRecord(t)
		grounded := "unknown"
		if record.GroundedInRoster != nil {
			grounded = fmt.Sprint(*record.GroundedInRoster)
		}
		var attempts []string
		for i, attempt := range record.Attempts {
			attempts = append(attempts, attempt.VerdictKind)
			if attempt.Iteration != i {
				t.Errorf("%s: attempt %d has iteration %d", test.name, i, attempt.Iteration)
			}
		}
		if status != test.status || record.FinalVerdict != test.verdict || grounded != test.grounded || strings.Join(attempts, " ") != test.attempts {
			t.Errorf("%s: status %d, grounded %s, %v", test.name, status, grounded, record)
		}
		if (record.Artifact != nil) != (status == 200) || (answer.Artifact != nil) != (status == 200) {
			t.Errorf("%s: the artifact of %v, %v", test.name, record, answer)
		}
		id := header.Get("X-Lakehouse-Trace-Id")
		if record.SessionID != id || answer.SessionID != id || record.Daemon != "validatord" || record.Model != "m-1" || record.Kind != test.kind {
			t.Errorf("%s: %v, %v", test.name, record, answer)
		}
	}
}

func TestIterateMakesATraceIDWhereThereIsNone(t *testing.T) {
	daemon := startDaemon(t, "")
	_, answer := daemon.post(t, `{"kind":"fill","prompt":"at once"}`, http.Header{})
	if record := daemon.lastRecord(t); len(answer.SessionID) != 32 || record.SessionID != answer.SessionID {
		t.Errorf("%q, %q", answer.SessionID, record.SessionID)
	}
}

func TestIterateRefusesBadRequests(t *testing.T) {
	daemon := startDaemon(t, "")
	for _, body := range []string{``, `{}`, `{"kind":"poem","prompt":"p"}`, `{"kind":"fill"}`, `{"kind":"fill","prompt":"p","max_iterations":11}`} {
		if status, answer := daemon.post(t, body, nil); status != 400 || answer.Error == "" {
			t.Errorf("%s: %d %v", body, status, answer)
		}
	}
}

func TestStartLineAnnouncesTheSessionLog(t *testing.T) {
	t.Setenv("SESSIONLOG_ADDRESS", "")
	for _, settings := range []string{"session_log_address = \"127.0.0.1:1\"\n", ""} {
		line := startDaemonWithLog(t, scriptedmodel.Handler(script), settings, sessionlog.FromEnv).log.String()
		if want := `"session_log":"127.0.0.1:1"`; strings.Contains(line, want) != (settings != "") {
			t.Errorf("it said %s", line)
		}
	}
	off := startDaemonWithLog(t, scriptedmodel.Handler(script), "", sessionlog.FromEnv)
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
	settings := fmt.Sprintf("session_log_address = %q\nsession_log_spill = \"spill.jsonl\"\n", address)
	daemon := startDaemonWithLog(t, scriptedmodel.Handler(script), settings, sessionlog.FromEnv)
	if status, _ := daemon.post(t, `{"kind":"fill","prompt":"at once"}`, nil); status != 200 {
		t.Errorf("status %d", status)
	}
}

func TestDaemonSendsItsTokenOverTLS(t *testing.T) {
	fileOf := func(content string) string {
		path := filepath.Join(t.TempDir(), "file")
		writeFile(t, path, content)
		return path
	}
	session := httptest.NewUnstartedServer(nil)
	tokens := make(chan string, 10)
	session.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("authorization")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	session.EnableHTTP2 = true
	session.StartTLS()
	t.Cleanup(session.Close)
	ca := fileOf(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: session.Certificate().Raw})))
	settings := fmt.Sprintf("session_log_address = %q\nsession_log_ca_file = %q\nsession_log_token_file = %q\n",
		session.Listener.Addr().String(), ca, fileOf("secret\n"))
	daemon := startDaemonWithLog(t, scriptedmodel.Handler(script), settings, sessionlog.FromEnv)
	daemon.post(t, `{"kind":"fill","prompt":"at once"}`, nil)
	if token := <-tokens; token != "Bearer secret" {
		t.Errorf("it sent %q", token)
	}
}

func TestDaemonDoesNotStartWithoutItsFilesOfTLS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "validatord.toml")
	writeFile(t, path, "model_url = \"http://m\"\nroster = \"roster.csv\"\nsession_log_ca_file = \"ca.pem\"\n")
	writeFile(t, filepath.Join(filepath.Dir(path), "roster.csv"), "worker_id,name,active\n")
	err := run(t.Context(), path, slog.New(slog.DiscardHandler), sessionlog.FromEnv)
	want := fmt.Sprintf("%s: session log: CA file: open %s", path, filepath.Join(filepath.Dir(path), "ca.pem"))
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v", err)
	}
}

func TestDaemonSendsItsRowsBeforeItEnds(t *testing.T) {
	daemon := startDaemon(t, "")
	for range 20 {
		daemon.post(t, `{"kind":"fill","prompt":"at once"}`, nil)
	}
	if err := daemon.stop(); err != nil || len(daemon.sessions.Records()) != 20 {
		t.Errorf("%v; %d rows; %s", err, len(daemon.sessions.Records()), daemon.log)
	}
}

func TestDaemonEndsWithTheRowsOfAModelThatDoesNotAnswer(t *testing.T) {
	asked := make(chan struct{}, 2)
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the daemon is gone
		asked <- struct{}{}
		<-r.Context().Done()
	})
	daemon := startDaemonWith(t, silent, "drain_timeout = \"50ms\"\n")
	statuses := make(chan int, 2)
	for range 2 {
		go func() {
			status, _ := daemon.post(t, `{"kind":"fill","prompt":"at once"}`, nil)
			statuses <- status
		}()
		<-asked
	}
	err := daemon.stop()
	records := daemon.sessions.Records()
	if err != nil || len(records) != 2 {
		t.Fatalf("%v; %d rows; %s", err, len(records), daemon.log)
	}
	for _, record := range records {
		if verdict, status := record.FinalVerdict, <-statuses; verdict != "infra_error" || status != 502 {
			t.Errorf("verdict %s, status %d", verdict, status)
		}
	}
}

func TestFindObjectGivesUpOnATextThatIsAllBraces(t *testing.T) {
	for _, part := range []string{`{"a":`, `{"a":[`, `{`, `{"`, `{"a":"`} {
		ended := make(chan bool, 1)
		go func() {
			ended <- findObject(strings.Repeat(part, replyBytesMax/len(part))) != nil
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
	if object := findObject(strings.Repeat("{", 10_000) + `{"a":1}`); object["a"] != 1.0 {
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
		object := findObject(text)
		got, _ := json.Marshal(object)
		if (object != nil) != (want != "") || object != nil && string(got) != want {
			t.Errorf("%s: %s", text, got)
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
