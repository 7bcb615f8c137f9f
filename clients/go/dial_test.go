package sessionlog

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// selfSigned is a certificate for 127.0.0.1 that holds until then, and a pool that trusts it.
func selfSigned(t *testing.T, notAfter time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: notAfter.Add(-48 * time.Hour), NotAfter: notAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestNewSessionLoggerTakesTLSAndToken(t *testing.T) {
	certificate, pool := selfSigned(t, time.Now().Add(time.Hour))
	var authorization []string
	fake := startFake(t, &fakeService{answer: func(ctx context.Context, _ int, _ []*sessionlogv1.SessionRecord) error {
		md, _ := metadata.FromIncomingContext(ctx)
		authorization = md.Get("authorization")
		return nil
	}}, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	l, log := newTestLogger(t, fake.address, Options{TLS: &tls.Config{RootCAs: pool}, Token: "secret"})
	l.Append(prompted("a"))
	flush(t, l)
	if fake.prompts() != "a" || strings.Join(authorization, ",") != "Bearer secret" {
		t.Errorf("stored %q with authorization %q; %s", fake.prompts(), authorization, log)
	}
}

func TestAppendLogsAnExpiredCertificateOnce(t *testing.T) {
	certificate, pool := selfSigned(t, time.Now().Add(-time.Hour))
	fake := startFake(t, &fakeService{}, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	l, log := newTestLogger(t, fake.address, Options{TLS: &tls.Config{RootCAs: pool}, CloseTimeout: 10 * time.Millisecond})
	l.Append(prompted("a"))
	eventually(t, "it was tried again", func() bool { return l.Stats().Retried >= 3 })
	if log.lines() != 1 || !strings.Contains(log.String(), "certificate has expired") {
		t.Errorf("it logged %s", log)
	}
	_ = l.Close(context.Background())
	if stats := l.Stats(); stats.Dropped != 1 {
		t.Errorf("stats are %+v", stats)
	}
}

func TestNewSessionLoggerChecksTheAddress(t *testing.T) {
	type addressCase struct{ Address, Problem string }
	text, err := os.ReadFile("../cases/addresses.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var test addressCase
		if err := json.Unmarshal([]byte(line), &test); err != nil {
			t.Fatal(err)
		}
		l, _ := newTestLogger(t, test.Address, Options{})
		l.AppendSync(expired(), prompted("a"))
		if stats := l.Stats(); test.Problem != "" && (stats.LastError != test.Problem || stats.Dropped != 1) || test.Problem == "" && stats.Dropped != 0 {
			t.Errorf("%s: %+v", line, stats)
		}
	}
}

// expired is a context that has ended.
func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestNewSessionLoggerSendsItsVersion(t *testing.T) {
	var agent string
	fake := startFake(t, &fakeService{answer: func(ctx context.Context, _ int, _ []*sessionlogv1.SessionRecord) error {
		md, _ := metadata.FromIncomingContext(ctx)
		agent = strings.Join(md.Get("user-agent"), "")
		return nil
	}})
	l, _ := newTestLogger(t, fake.address, Options{})
	l.Append(prompted("a"))
	flush(t, l)
	manifest, err := os.ReadFile("../../package.json")
	if err != nil || !strings.HasPrefix(agent, "sessionlog-go/"+Version+" ") || !strings.Contains(string(manifest), `"version": "`+Version+`"`) {
		t.Errorf("the user agent is %q; %v", agent, err)
	}
}

func TestNewSessionLoggerReadsTheTokenFileForEachCall(t *testing.T) {
	var authorization []string
	fake := startFake(t, &fakeService{answer: func(ctx context.Context, _ int, _ []*sessionlogv1.SessionRecord) error {
		md, _ := metadata.FromIncomingContext(ctx)
		authorization = md.Get("authorization")
		return nil
	}})
	path := t.TempDir() + "/token"
	l, log := newTestLogger(t, fake.address, Options{TokenFile: path, Token: "not this"})
	l.Append(prompted("a"))
	eventually(t, "the row waits for the file", func() bool { return strings.Contains(log.String(), "token file: open") })
	for _, token := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		l.Append(prompted("b"))
		flush(t, l)
		if strings.Join(authorization, ",") != "Bearer "+token {
			t.Errorf("the authorization is %q", authorization)
		}
	}
}

func TestNewSessionLoggerTakesUnixSockets(t *testing.T) {
	path := t.TempDir() + "/log.sock"
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err)
	}
	fake := &fakeService{}
	server := grpc.NewServer()
	sessionlogv1.RegisterSessionLogServer(server, fake)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	l, log := newTestLogger(t, "unix:"+path, Options{Token: "secret"})
	l.Append(prompted("a"))
	flush(t, l)
	if fake.prompts() != "a" {
		t.Errorf("stored %q; %s", fake.prompts(), log)
	}
}
