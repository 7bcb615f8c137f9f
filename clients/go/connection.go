package sessionlog

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

// connection is the way to the service. It goes by a new one when the old one is silent, as when a firewall forgot it: calls
// on it run out of time, and for silentTimeout none was answered.
type connection struct {
	dial          func() (*grpc.ClientConn, error)
	silentTimeout time.Duration

	mu          sync.Mutex
	current     *grpc.ClientConn
	silentSince time.Time // when the first call began that ran out of time; zero when one was answered since
	closed      bool
}

func newConnection(address string, options *Options) (*connection, error) {
	c := &connection{
		dial:          func() (*grpc.ClientConn, error) { return dial(address, options) },
		silentTimeout: options.CallTimeout,
	}
	var err error
	c.current, err = c.dial()
	return c, err
}

// invoke makes a call that began then, by its deadline's count.
func (c *connection) invoke(ctx context.Context, began time.Time, method string, request, reply any, options ...grpc.CallOption) error {
	c.mu.Lock()
	conn := c.current
	c.mu.Unlock()
	err := conn.Invoke(ctx, method, request, reply, options...)
	c.ended(conn, began, status.Code(err))
	return err
}

func (c *connection) ended(conn *grpc.ClientConn, began time.Time, code codes.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case conn != c.current || c.closed || code == codes.Canceled:
		return
	case code != codes.DeadlineExceeded:
		c.silentSince = time.Time{}
		return
	case c.silentSince.IsZero():
		c.silentSince = began
	}
	if time.Since(c.silentSince) >= c.silentTimeout {
		c.renew()
	}
}

// hurry keeps the next call from waiting for gRPC's own pause between tries to connect. (ResetConnectBackoff of grpc-go
// 1.80, made for that, is not safe: it reads a map that others write.)
func (c *connection) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && c.current.GetState() == connectivity.TransientFailure {
		c.renew()
	}
}

func (c *connection) renew() {
	if fresh, err := c.dial(); err == nil {
		_ = c.current.Close() // calls under way on it end as CANCELLED, and are made again
		c.current, c.silentSince = fresh, time.Time{}
	}
}

func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	_ = c.current.Close()
}
