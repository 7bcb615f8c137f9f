package sessionlog

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// silentProxy passes bytes on to a service, until its connections are silenced: those stay open and say nothing more.
type silentProxy struct {
	address  string
	silenced atomic.Int64 // connections up to this one
	accepted atomic.Int64
}

func startSilentProxy(t *testing.T, service string) *silentProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &silentProxy{address: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", service)
			if err != nil {
				_ = client.Close()
				continue
			}
			number := p.accepted.Add(1)
			go p.pass(number, client, server)
			go p.pass(number, server, client)
		}
	}()
	return p
}

func (p *silentProxy) pass(number int64, from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		count, err := from.Read(buffer)
		if p.silenced.Load() < number {
			_, _ = to.Write(buffer[:count])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

func (p *silentProxy) silence() { p.silenced.Store(p.accepted.Load()) }

func TestSenderLeavesAConnectionThatWentSilent(t *testing.T) {
	fake := startFake(t, &fakeService{})
	proxy := startSilentProxy(t, fake.address)
	l, log := newTestLogger(t, proxy.address, Options{CallTimeout: 100 * time.Millisecond})
	l.Append(prompted("a"))
	flush(t, l)
	proxy.silence()
	l.Append(prompted("b"))
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout/4)
	defer cancel()
	if err := l.Flush(ctx); err != nil || fake.prompts() != "a b" {
		t.Errorf("%v; stored %q; %+v; %s", err, fake.prompts(), l.Stats(), log)
	}
}

func TestAppendSyncLeavesAConnectionThatWentSilent(t *testing.T) {
	fake := startFake(t, &fakeService{})
	proxy := startSilentProxy(t, fake.address)
	l, _ := newTestLogger(t, proxy.address, Options{CallTimeout: 100 * time.Millisecond})
	if _, err := l.AppendSync(testContext(t), prompted("a")); err != nil {
		t.Fatal(err)
	}
	proxy.silence()
	for try := 0; ; try++ {
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Millisecond)
		_, err := l.AppendSync(ctx, prompted("b"))
		cancel()
		if err == nil {
			return
		}
		if try == 50 {
			t.Fatal(err)
		}
	}
}
