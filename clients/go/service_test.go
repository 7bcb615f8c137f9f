package sessionlog

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
)

// The tests of this file run the real service: $SESSIONLOG_MAIN, else what `npm run build` leaves in dist/ at the root of
// the repository.
var serviceMain = cmp.Or(os.Getenv("SESSIONLOG_MAIN"), "../../dist/main.js")

// realService is a service that can be ended and started again on the same port and file.
type realService struct {
	t       *testing.T
	path    string
	address string
	prefix  []string // a command that runs the service
	words   []string // further words of serve
	process *exec.Cmd
}

func newRealService(t *testing.T) *realService {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("the real service needs node, which is not here")
	}
	if _, err := os.Stat(serviceMain); err != nil {
		t.Skip("the real service is not built; `npm run build` at the root of the repository does that")
	}
	s := &realService{t: t, path: filepath.Join(t.TempDir(), "sessions.jsonl"), address: "127.0.0.1:0"}
	t.Cleanup(s.kill)
	return s
}

// start waits until it serves, for the first time on a free port.
func (s *realService) start() {
	s.t.Helper()
	s.process = s.command(append([]string{"serve", "--listen", s.address, "--path", s.path}, s.words...)...)
	stderr, err := s.process.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	ready, lines, last := make(chan string, 1), bufio.NewScanner(stderr), ""
	go func() {
		defer close(ready)
		for lines.Scan() {
			last = lines.Text()
			var line struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				ready <- line.Address
			}
		}
	}()
	select {
	case address := <-ready:
		if address == "" {
			s.t.Fatalf("the service ended before it served: %s", last)
		}
		s.address = address
	case <-time.After(testTimeout):
		s.t.Fatal("the service did not serve in time")
	}
}

// command runs sessionlog with these words; neither the caller's variables nor its sessionlog.toml are to change it.
func (s *realService) command(words ...string) *exec.Cmd {
	s.t.Helper()
	main, err := filepath.Abs(serviceMain)
	if err != nil {
		s.t.Fatal(err)
	}
	words = slices.Concat(s.prefix, []string{"node", main}, words)
	command := exec.Command(words[0], words[1:]...)
	command.Dir = filepath.Dir(s.path)
	command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "SESSIONLOG_")
	})
	return command
}

func (s *realService) kill() {
	if s.process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		s.process = nil
	}
}

// terminate ends the service as an operator does, and waits for it.
func (s *realService) terminate() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Wait(); err != nil {
		s.t.Errorf("the service ended with %v", err)
	}
	s.process = nil
}

// prompts are how often each prompt is in the session log.
func (s *realService) prompts() map[string]int {
	s.t.Helper()
	text, err := os.ReadFile(s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	prompts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		// What a full disk has cut short is a line without an end, or blanked by the service; neither is a row.
		if strings.TrimSpace(line) == "" || !strings.HasSuffix(line, "\n") {
			continue
		}
		var row struct{ Prompt string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			s.t.Fatalf("%v in %s", err, line)
		}
		prompts[row.Prompt]++
	}
	return prompts
}

// wantOnce reports which of the rows 0 to count-1 are not there exactly once.
func (s *realService) wantOnce(count int) {
	s.t.Helper()
	prompts := s.prompts()
	for i := range count {
		if got := prompts[fmt.Sprint(i)]; got != 1 {
			s.t.Errorf("row %d is there %d times", i, got)
		}
	}
	if len(prompts) != count {
		s.t.Errorf("%d rows, want %d", len(prompts), count)
	}
}

// refusedPort is an address where nobody listens: of a service that was ended.
func (s *realService) refusedPort() string {
	s.start()
	s.kill()
	return s.address
}

func TestServiceDownAtStart(t *testing.T) {
	service := newRealService(t)
	l, log := newTestLogger(t, service.refusedPort(), Options{})
	for i := range 100 {
		l.Append(prompted(fmt.Sprint(i)))
	}
	eventually(t, "it was tried", func() bool { return l.Stats().Retried > 0 })
	service.start()
	flush(t, l)
	service.wantOnce(100)
	if stats := l.Stats(); stats.Appended != 100 || log.lines() != 2 {
		t.Errorf("%+v; %s", stats, log)
	}
}

func TestServiceEndedAndRestartedUnderLoad(t *testing.T) {
	for name, end := range map[string]func(*realService){"SIGKILL": (*realService).kill, "SIGTERM": (*realService).terminate} {
		t.Run(name, func(t *testing.T) { testRestartsUnderLoad(t, end) })
	}
}

func testRestartsUnderLoad(t *testing.T, end func(*realService)) {
	service := newRealService(t)
	service.start()
	l, log := newTestLogger(t, service.address, Options{BatchRows: 50})
	const rows, restarts = 6_000, 3
	for i := range rows {
		l.Append(prompted(fmt.Sprint(i)))
		if i%(rows/restarts) == rows/restarts/2 {
			eventually(t, "some rows arrived", func() bool { return l.Stats().Appended > uint64(i/2) })
			end(service)
			service.start()
		}
	}
	flush(t, l)
	service.wantOnce(rows)
	stats := l.Stats()
	if stats.Appended+stats.Duplicate != rows || stats.Dropped+stats.Refused != 0 {
		t.Errorf("%+v; %s", stats, log)
	}
	t.Logf("%+v", stats)
}

func TestServiceWith32ConcurrentAppenders(t *testing.T) {
	service := newRealService(t)
	service.start()
	l, log := newTestLogger(t, service.address, Options{})
	const rows, appenders = 10_000, 32
	var group sync.WaitGroup
	for appender := range appenders {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := appender; i < rows; i += appenders {
				l.Append(prompted(fmt.Sprint(i)))
			}
		}()
	}
	group.Wait()
	if err := l.Close(testContext(t)); err != nil {
		t.Fatal(err)
	}
	wantStats(t, l, Stats{Appended: rows})
	service.wantOnce(rows)
	if log.lines() != 0 {
		t.Errorf("it logged %s", log)
	}
}

func TestServiceThatIsSlow(t *testing.T) {
	service := newRealService(t)
	service.start()
	l, _ := newTestLogger(t, service.address, Options{CallTimeout: 200 * time.Millisecond})
	l.Append(prompted("0"))
	flush(t, l)
	if err := service.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Skip(err)
	}
	began := time.Now()
	for i := range 99 {
		l.Append(prompted(fmt.Sprint(i + 1)))
	}
	if took := time.Since(began); took > 250*time.Millisecond {
		t.Errorf("Append waited for the service: 99 rows took %v", took)
	}
	eventually(t, "a call was made again", func() bool { return l.Stats().Retried > 0 })
	if err := service.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	flush(t, l)
	service.wantOnce(100)
	if stats := l.Stats(); stats.Appended+stats.Duplicate != 100 || stats.Dropped+stats.Refused != 0 {
		t.Errorf("%+v", stats)
	}
}

func TestServiceOnAFullDisk(t *testing.T) {
	if _, err := exec.LookPath("prlimit"); err != nil {
		t.Skip("a full disk is made with prlimit, which is not here")
	}
	service := newRealService(t)
	// A write past the limit ends short, as on a full disk.
	service.prefix = []string{"prlimit", "--fsize=40000:unlimited"}
	service.start()
	l, log := newTestLogger(t, service.address, Options{BatchRows: 10})
	const rows = 300
	for i := range rows {
		l.Append(prompted(fmt.Sprint(i)))
	}
	eventually(t, "the disk was full", func() bool { return l.Stats().Retried > 0 })
	if stored := len(service.prompts()); stored == 0 || stored == rows {
		t.Errorf("%d rows are stored", stored)
	}
	lift := exec.Command("prlimit", "--fsize=unlimited", "--pid", fmt.Sprint(service.process.Process.Pid))
	if text, err := lift.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	flush(t, l)
	service.wantOnce(rows)
	if stats := l.Stats(); stats.Appended != rows || log.lines() != 2 {
		t.Errorf("%+v; %s", stats, log)
	}
}

func TestServiceThatRefuses(t *testing.T) {
	service := newRealService(t)
	service.start()
	l, log := newTestLogger(t, service.address, Options{Daemon: "go-test"})
	for i := range 10 {
		l.Append(Record{Kind: "poem", Prompt: fmt.Sprint("refused ", i), FinalVerdict: "maybe"})
		l.Append(prompted(fmt.Sprint(i)))
	}
	flush(t, l)
	wantStats(t, l, Stats{Appended: 10, Refused: 10})
	service.wantOnce(10)
	if log.lines() != 1 || !strings.Contains(log.String(), "record.kind NOT_ALLOWED") {
		t.Errorf("it logged %s", log)
	}
	_, err := l.AppendSync(testContext(t), Record{Kind: "poem", FinalVerdict: VerdictAccepted, Iterations: -1})
	var refused *RefusedError
	if !errors.As(err, &refused) || len(refused.Violations) != 2 {
		t.Errorf("AppendSync: %v", err)
	}
}

func TestServiceTakesBrokenText(t *testing.T) {
	service := newRealService(t)
	service.start()
	l, _ := newTestLogger(t, service.address, Options{})
	record := prompted("cut \xe2\x82 rune")
	record.FinalVerdict, record.Artifact = VerdictAccepted, map[string]any{"\xff": "\xc3"}
	result, err := l.AppendSync(testContext(t), record)
	if err != nil || result.Sequence != 1 || service.prompts()["cut \uFFFD rune"] != 1 {
		t.Errorf("%+v %v; %v", result, err, service.prompts())
	}
}

func TestServiceRefusesARowThatIsTooLarge(t *testing.T) {
	service := newRealService(t)
	service.start()
	l, log := newTestLogger(t, service.address, Options{MaxMessageBytes: 64 << 20, BufferBytes: 64 << 20})
	large := prompted("large")
	large.Attempts = slices.Repeat([]Attempt{{VerdictKind: VerdictInfraError, Error: strings.Repeat("🛠", limits.ErrorCodePointsMax)}}, 400)
	l.Append(large)
	l.Append(prompted("0"))
	flush(t, l)
	wantStats(t, l, Stats{Appended: 1, Refused: 1})
	service.wantOnce(1)
	if !strings.Contains(log.String(), "RESOURCE_EXHAUSTED") {
		t.Errorf("it logged %s", log)
	}
}

func TestSpillFileGoesIntoTheServiceLater(t *testing.T) {
	service := newRealService(t)
	spilled := filepath.Join(filepath.Dir(service.path), "spill.jsonl")
	l, _ := newTestLogger(t, service.refusedPort(), Options{SpillFile: spilled, CloseTimeout: 10 * time.Millisecond})
	for i := range 20 {
		record, _ := typicalRecord()
		record.Prompt = fmt.Sprint(i)
		l.Append(record)
	}
	if err := l.Close(context.Background()); err == nil {
		t.Fatal("Close returned nothing")
	}
	wantStats(t, l, Stats{Spilled: 20, Retried: l.Stats().Retried})
	service.start()
	for range 2 { // to run it again is safe
		again := service.command("append", "--address", service.address, spilled)
		if text, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	service.wantOnce(20)
}

// These variables make this program the daemon of the next tests.
const (
	daemonAddress = "GO_TEST_DAEMON_ADDRESS"
	daemonEnd     = "GO_TEST_DAEMON_END"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(daemonAddress); address != "" {
		if end := os.Getenv(daemonEnd); end != "" {
			appendAndEnd(address, end)
		}
		runSessionsForever(address)
	}
	os.Exit(m.Run())
}

// runSessionsForever has sessions of three attempts, one after the other.
func runSessionsForever(address string) {
	log := NewSessionLogger(address, Options{Daemon: "killed"})
	for {
		s := log.Session(context.Background(), Request{Kind: KindFill, MaxIterations: 3})
		s.NoJSON(errors.New("a"))
		s.ValidationFailed(errors.New("b"))
		s.Accept(map[string]any{"fills": []any{}})
		s.End(nil)
	}
}

// appendAndEnd appends 20 rows and ends.
func appendAndEnd(address, end string) {
	log := NewSessionLogger(address, Options{})
	caught, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for i := range 20 {
		log.Append(prompted(fmt.Sprint(i)))
	}
	self, _ := os.FindProcess(os.Getpid())
	if end == "flush, then SIGKILL" {
		_ = log.Flush(context.Background())
		_ = self.Kill()
	}
	_ = self.Signal(syscall.SIGTERM)
	<-caught.Done()
	_ = log.Close(context.Background())
	os.Exit(0)
}

// As the page has it.
func TestServiceHasTheRowsOfADaemonThatEnds(t *testing.T) {
	for _, end := range []string{"SIGTERM, then Close", "flush, then SIGKILL"} {
		service := newRealService(t)
		service.start()
		daemon := exec.Command(os.Args[0])
		daemon.Env = append(os.Environ(), daemonAddress+"="+service.address, daemonEnd+"="+end)
		if output, _ := daemon.CombinedOutput(); len(service.rows()) != 20 {
			t.Errorf("%s: %d rows; %s", end, len(service.rows()), output)
		}
	}
}

func TestServiceHasWholeSessionsOfADaemonThatIsKilled(t *testing.T) {
	service := newRealService(t)
	service.start()
	for i := range 10 {
		daemon := exec.Command(os.Args[0])
		daemon.Env = append(os.Environ(), daemonAddress+"="+service.address)
		if err := daemon.Start(); err != nil {
			t.Fatal(err)
		}
		before := len(service.rows())
		eventually(t, "a row arrived", func() bool { return len(service.rows()) > before })
		time.Sleep(time.Duration(i) * time.Millisecond)
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	}
	service.terminate()
	ids := map[string]bool{}
	for _, line := range service.rows() {
		var row struct {
			SessionID  string `json:"session_id"`
			Iterations int
			Attempts   []struct{}
			Artifact   map[string]any
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil || ids[row.SessionID] || row.Iterations != 3 || len(row.Attempts) != 3 || row.Artifact == nil {
			t.Fatalf("%v: %s", err, line)
		}
		ids[row.SessionID] = true
	}
}

// rows are the lines of the session log that have an end.
func (s *realService) rows() []string {
	text, _ := os.ReadFile(s.path)
	lines := strings.SplitAfter(string(text), "\n")
	return lines[:len(lines)-1]
}
