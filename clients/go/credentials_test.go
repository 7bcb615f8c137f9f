package sessionlog

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The tests of this file run the real service, with TLS or on a Unix socket, and with identities.

const (
	oldToken = "slt_old"
	newToken = "slt_new"
)

// securedService lets in who has one of the tokens, with one role.
type securedService struct {
	*realService
	role      string
	tls       *tls.Config // nil on a Unix socket
	tokenFile string
	spillFile string
}

func newSecuredService(t *testing.T, role string, unix bool) *securedService {
	t.Helper()
	service := newRealService(t)
	directory := filepath.Dir(service.path)
	s := &securedService{
		realService: service, role: role, tokenFile: filepath.Join(directory, "token"), spillFile: filepath.Join(directory, "spill.jsonl"),
	}
	s.words = []string{"--auth-file", filepath.Join(directory, "auth.toml")}
	if unix {
		s.address = "unix:" + filepath.Join(directory, "s")
	} else {
		pair, pool := selfSigned(t, time.Now().Add(24*time.Hour))
		cert, key := writePair(t, directory, pair)
		s.words = append(s.words, "--tls-cert", cert, "--tls-key", key)
		s.tls = &tls.Config{RootCAs: pool}
	}
	s.write(oldToken)
	s.start()
	return s
}

// writePair writes a certificate and its key as PEM, and returns their paths.
func writePair(t *testing.T, directory string, pair tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(directory, "cert.pem"), filepath.Join(directory, "key.pem")
	writeFile(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	writeFile(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return cert, key
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// write makes the file of identities, with these tokens.
func (s *securedService) write(tokens ...string) {
	s.t.Helper()
	text := fmt.Sprintf("[[identity]]\nname = \"validatord\"\ndaemons = [\"*\"]\nroles = [%q]\n", s.role)
	for _, token := range tokens {
		text += fmt.Sprintf("[[identity.token]]\nid = %q\nsha256 = \"%x\"\n", token, sha256.Sum256([]byte(token)))
	}
	writeFile(s.t, s.words[1], text)
}

// allow lets in these tokens only, from now on.
func (s *securedService) allow(tokens ...string) {
	s.t.Helper()
	s.write(tokens...)
	if err := s.process.Process.Signal(syscall.SIGHUP); err != nil {
		s.t.Fatal(err)
	}
}

// spilled are the prompts in the spill file, in order.
func (s *securedService) spilled() (prompts []string) {
	text, _ := os.ReadFile(s.spillFile)
	for line := range strings.Lines(string(text)) {
		var row struct{ Prompt string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			s.t.Fatalf("%v in %s", err, line)
		}
		prompts = append(prompts, row.Prompt)
	}
	return prompts
}

func numbers(from, to int) (texts []string) {
	for i := from; i < to; i++ {
		texts = append(texts, fmt.Sprint(i))
	}
	return texts
}

func TestATokenThatIsRenewedLosesNoRow(t *testing.T) {
	for _, unix := range []bool{false, true} {
		service := newSecuredService(t, "append", unix)
		writeFile(t, service.tokenFile, oldToken+"\n")
		l, log := newTestLogger(t, service.address, Options{TLS: service.tls, TokenFile: service.tokenFile})
		l.Append(prompted("0"))
		flush(t, l)
		service.allow(newToken)
		sent := 1
		eventually(t, "the token is not taken", func() bool {
			l.Append(prompted(fmt.Sprint(sent)))
			sent++
			return log.lines() > 0
		})
		writeFile(t, service.tokenFile, newToken)
		eventually(t, "all are stored", func() bool { return int(l.Stats().Appended) == sent })
		service.wantOnce(sent)
		if text := log.String(); log.lines() != 2 || !strings.Contains(text, "rows are buffered") || !strings.Contains(text, "credentials are required") {
			t.Errorf("it logged %s", text)
		}
	}
}

func TestRowsWaitForATokenFileThatCannotBeUsed(t *testing.T) {
	service := newSecuredService(t, "append", false)
	for i, test := range []struct{ content, told string }{
		{"", "no such file"},
		{"\n", "is empty"},
		{"a\u00e9\nb", "printable ASCII only"},
		{strings.Repeat("x", 10_000), "8192 bytes at most"},
		{"unknown", "credentials are required"},
	} {
		_ = os.Remove(service.tokenFile)
		if test.content != "" {
			writeFile(t, service.tokenFile, test.content)
		}
		l, log := newTestLogger(t, service.address, Options{TLS: service.tls, TokenFile: service.tokenFile})
		l.Append(prompted(fmt.Sprint(i)))
		eventually(t, "it is told", func() bool { return log.lines() > 0 })
		writeFile(t, service.tokenFile, oldToken)
		eventually(t, "it is stored", func() bool { return l.Stats().Appended == 1 })
		if text := log.String(); log.lines() != 2 || !strings.Contains(text, test.told) {
			t.Errorf("%q: it logged %s", test.content, text)
		}
	}
	service.wantOnce(5)
}

func TestRowsOfWhoIsNotLetInAreSpilled(t *testing.T) {
	for _, test := range []struct{ role, token, told string }{
		{"append", "unknown", "credentials are required"},
		{"append", "", "credentials are required"},
		{"read", oldToken, "validatord may not call BatchAppendSessions: it needs the role append or admin"},
	} {
		service := newSecuredService(t, test.role, false)
		for _, spillFile := range []string{service.spillFile, ""} {
			l, log := newTestLogger(t, service.address, Options{TLS: service.tls, Token: test.token, SpillFile: spillFile})
			for i := range 3 {
				l.Append(prompted(fmt.Sprint(i)))
				flush(t, l)
			}
			want, where := Stats{Spilled: 3}, "its rows are in "+spillFile
			if spillFile == "" {
				want, where = Stats{Dropped: 3}, "its rows are dropped"
			}
			wantStats(t, l, want)
			if text := log.String(); log.lines() != 1 || !strings.Contains(text, test.told) || !strings.Contains(text, where) {
				t.Errorf("%s: it logged %s", test.role, text)
			}
		}
		if got := service.spilled(); !slices.Equal(got, numbers(0, 3)) {
			t.Errorf("spilled %v", got)
		}
		service.wantOnce(0)
	}
}

func TestTheOldestRowsAreSpilledWhileATokenIsWaitedFor(t *testing.T) {
	service := newSecuredService(t, "append", false)
	l, _ := newTestLogger(t, service.address, Options{
		TLS: service.tls, TokenFile: service.tokenFile, SpillFile: service.spillFile, BufferRows: 100, BatchRows: 10,
	})
	for i := range 1_000 {
		l.Append(prompted(fmt.Sprint(i)))
		eventually(t, "there is room", func() bool { return l.Stats().Pending <= 80 })
	}
	if dropped := l.Stats().Dropped; dropped != 0 {
		t.Errorf("%d are dropped", dropped)
	}
	writeFile(t, service.tokenFile, oldToken)
	eventually(t, "none is left", func() bool { return l.Stats().Pending == 0 })
	spilled, stored := service.spilled(), service.prompts()
	if len(stored) == 0 || len(spilled)+len(stored) != 1_000 || !slices.Equal(spilled, numbers(0, len(spilled))) {
		t.Errorf("%d are spilled, %d stored", len(spilled), len(stored))
	}
}

func TestRowsThatWaitForATokenAreSpilledAtTheEnd(t *testing.T) {
	service := newSecuredService(t, "append", false)
	l, log := newTestLogger(t, service.address, Options{
		TLS: service.tls, TokenFile: service.tokenFile, SpillFile: service.spillFile, CloseTimeout: 10 * time.Millisecond,
	})
	for i := range 3 {
		l.Append(prompted(fmt.Sprint(i)))
	}
	eventually(t, "it is told", func() bool { return log.lines() > 0 })
	if l.Close(context.Background()) == nil || !slices.Equal(service.spilled(), numbers(0, 3)) {
		t.Errorf("spilled %v", service.spilled())
	}
}

func TestTheSameTokenIsTriedAgainAfterAWhile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	writeFile(t, file, "early")
	fake := startFake(t, &fakeService{answer: failFirst(3, status.Error(codes.Unauthenticated, "not yet"))})
	l, log := newTestLogger(t, fake.address, Options{TokenFile: file, credentialsRetry: 30 * time.Millisecond})
	l.Append(prompted("a"))
	eventually(t, "it is stored", func() bool { return l.Stats().Appended == 1 })
	wantStats(t, l, Stats{Appended: 1, Retried: 3})
	if log.lines() != 2 {
		t.Errorf("it logged %s", log)
	}
}

func TestTLSFilesReadTheCertificateForEachConnection(t *testing.T) {
	pair, _ := selfSigned(t, time.Now().Add(24*time.Hour))
	cert, key := writePair(t, t.TempDir(), pair)
	files := TLSFiles{CertFile: cert, KeyFile: key}
	config, err := files.Config()
	if err != nil {
		t.Fatal(err)
	}
	renewed, _ := selfSigned(t, time.Now().Add(48*time.Hour))
	writePair(t, filepath.Dir(cert), renewed)
	if got, err := config.GetClientCertificate(nil); err != nil || !slices.Equal(got.Certificate[0], renewed.Certificate[0]) {
		t.Errorf("it is not the renewed one: %v", err)
	}
}

func TestTLSFilesNameWhatIsWrong(t *testing.T) {
	directory := t.TempDir()
	pair, _ := selfSigned(t, time.Now().Add(24*time.Hour))
	expired, _ := selfSigned(t, time.Now().Add(-time.Hour))
	cert, key := writePair(t, directory, pair)
	_ = os.Mkdir(filepath.Join(directory, "old"), 0o700)
	oldCert, oldKey := writePair(t, filepath.Join(directory, "old"), expired)
	empty, der, encrypted := filepath.Join(directory, "empty"), filepath.Join(directory, "der"), filepath.Join(directory, "encrypted")
	writeFile(t, empty, "")
	writeFile(t, der, string(pair.Certificate[0]))
	writeFile(t, encrypted, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
	for _, test := range []struct {
		files TLSFiles
		told  string
	}{
		{TLSFiles{CAFile: "/no/ca.pem"}, "CA file: open /no/ca.pem: no such file or directory"},
		{TLSFiles{CAFile: empty}, "CA file: " + empty + ": it has no certificate in PEM"},
		{TLSFiles{CAFile: der}, "it has no certificate in PEM"},
		{TLSFiles{CAFile: key}, "it has no certificate in PEM"},
		{TLSFiles{CertFile: cert}, "expected both or none"},
		{TLSFiles{CertFile: key, KeyFile: cert}, "PEM inputs may have been switched"},
		{TLSFiles{CertFile: cert, KeyFile: empty}, "failed to find any PEM data in key input"},
		{TLSFiles{CertFile: cert, KeyFile: encrypted}, "failed to parse private key"},
		{TLSFiles{CertFile: cert, KeyFile: oldKey}, "private key does not match public key"},
		{TLSFiles{CertFile: oldCert, KeyFile: oldKey}, "old/cert.pem: it has expired on "},
	} {
		if _, err := test.files.Config(); err == nil || !strings.Contains(err.Error(), test.told) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v", test.files, err)
		}
	}
}
