package sessionlog

import (
	"bytes"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// wholeLog is a slog.Logger at a level, and all that it wrote.
func wholeLog(level slog.Level) (*slog.Logger, *bytes.Buffer) {
	text := new(bytes.Buffer)
	return slog.New(slog.NewTextHandler(text, &slog.HandlerOptions{Level: level})), text
}

// clearEnv unsets the variables of the machine that runs the test.
func clearEnv(t *testing.T) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "SESSIONLOG_") {
			t.Setenv(name, "")
		}
	}
}

// runFromEnv appends a row with a logger of the environment, and returns what was logged.
func runFromEnv(t *testing.T, level slog.Level, options Options) string {
	t.Helper()
	log, text := wholeLog(level)
	options.Logger = log
	l := FromEnv(options)
	l.Append(prompted("a"))
	_ = l.Close(testContext(t))
	return text.String()
}

func TestFromEnvLogsWhatIsInEffect(t *testing.T) {
	clearEnv(t)
	if text := runFromEnv(t, slog.LevelInfo, Options{}); strings.Count(text, "\n") != 1 || !strings.Contains(text, `level=INFO msg="session log: off, no address"`) {
		t.Errorf("without an address it logged %s", text)
	}
	fake := startFake(t, &fakeService{})
	t.Setenv("SESSIONLOG_ADDRESS", fake.address)
	t.Setenv("SESSIONLOG_DAEMON", "fill")
	text := runFromEnv(t, slog.LevelInfo, Options{})
	if fake.rows[0].GetDaemon() != "fill" || strings.Count(text, "\n") != 2 ||
		!strings.Contains(text, `level=INFO msg="session log: sending to `+fake.address+` as fill"`) ||
		!strings.Contains(text, `level=INFO msg="session log: the first row is stored"`) {
		t.Errorf("%v; it logged %s", fake.rows, text)
	}
	t.Setenv("SESSIONLOG_ADDRESS", "127.0.0.1:1")
	if text := runFromEnv(t, slog.LevelInfo, Options{Address: fake.address, Daemon: "given"}); !strings.Contains(text, fake.address+" as given") {
		t.Errorf("it logged %s", text)
	}
}

func TestFromEnvDebugLogsEachCall(t *testing.T) {
	clearEnv(t)
	fake := startFake(t, &fakeService{})
	t.Setenv("SESSIONLOG_ADDRESS", fake.address)
	const call = `msg="session log: a call ended" rows=1 ms=`
	if text := runFromEnv(t, slog.LevelDebug, Options{}); !strings.Contains(text, "level=DEBUG "+call) {
		t.Errorf("at the level Debug it logged %s", text)
	}
	if text := runFromEnv(t, slog.LevelInfo, Options{}); strings.Contains(text, call) {
		t.Errorf("it logged %s", text)
	}
	t.Setenv("SESSIONLOG_DEBUG", "1")
	if text := runFromEnv(t, slog.LevelInfo, Options{}); !strings.Contains(text, "level=INFO "+call) || !strings.Contains(text, "status=OK") {
		t.Errorf("with SESSIONLOG_DEBUG it logged %s", text)
	}
}

func TestFromEnvSpills(t *testing.T) {
	clearEnv(t)
	path := filepath.Join(t.TempDir(), "spill.jsonl")
	t.Setenv("SESSIONLOG_ADDRESS", "127.0.0.1:1")
	t.Setenv("SESSIONLOG_SPILL_FILE", path)
	l := FromEnv(Options{Logger: slog.New(slog.DiscardHandler)})
	l.Append(prompted("a"))
	_ = l.Close(expired())
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), `"prompt":"a"`) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestFromEnvTakesTLSAndToken(t *testing.T) {
	clearEnv(t)
	certificate, _ := selfSigned(t, time.Now().Add(time.Hour))
	fake := startFake(t, &fakeService{}, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SESSIONLOG_ADDRESS", fake.address)
	t.Setenv("SESSIONLOG_CA_FILE", ca)
	t.Setenv("SESSIONLOG_TOKEN", "secret")
	log := runFromEnv(t, slog.LevelInfo, Options{})
	if fake.prompts() != "a" || strings.Contains(log, "secret") {
		t.Errorf("stored %q; it logged %s", fake.prompts(), log)
	}
	for name, file := range map[string]string{"SESSIONLOG_CA_FILE": "/nowhere", "SESSIONLOG_CERT_FILE": ca} {
		t.Setenv(name, file)
		if log := runFromEnv(t, slog.LevelInfo, Options{}); !strings.Contains(log, "cannot be used") || !strings.Contains(log, name) {
			t.Errorf("it logged %s", log)
		}
		t.Setenv(name, "")
	}
}
