package sessionlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// connection is replaced when it is silent, as after a firewall forgot it: calls on it time out, and for callTimeout none
// was answered.
type connection struct {
	dial        func() (*grpc.ClientConn, error)
	callTimeout time.Duration
	token       *bearer // nil: none

	mu          sync.Mutex
	current     *grpc.ClientConn
	silentSince time.Time // when the first call that timed out began; zero when one was answered since
	closed      bool
}

func newConnection(address string, options *Options) (*connection, error) {
	token, err := newBearer(address, options)
	if err = errors.Join(options.problem, err); err != nil {
		return nil, err
	}
	c := &connection{
		dial:        func() (*grpc.ClientConn, error) { return dial(address, options, token) },
		callTimeout: options.CallTimeout,
		token:       token,
	}
	c.current, err = c.dial()
	return c, err
}

// appendBatch makes one call with rows of encodeRecord.
func (c *connection) appendBatch(ctx context.Context, rows [][]byte) (*sessionlogv1.BatchAppendSessionsResponse, error) {
	c.mu.Lock()
	conn := c.current
	c.mu.Unlock()
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.callTimeout)
	defer cancel()
	request := new(sessionlogv1.BatchAppendSessionsRequest)
	request.ProtoReflect().SetUnknown(bytes.Join(rows, nil)) // sent as they are, without decoding the rows
	reply, err := sessionlogv1.NewSessionLogClient(conn).BatchAppendSessions(ctx, request)
	c.ended(conn, began, status.Code(err))
	if err == nil && len(reply.GetResults()) != len(rows) {
		err = fmt.Errorf("%w: %d results for %d records", errBadReply, len(reply.GetResults()), len(rows))
	}
	return reply, err
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
	if time.Since(c.silentSince) >= c.callTimeout {
		c.renew()
	}
}

// hurry skips gRPC's own pause between attempts to connect. (ResetConnectBackoff of grpc-go 1.80, made for that, has a data
// race.)
func (c *connection) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && c.current.GetState() == connectivity.TransientFailure {
		c.renew()
	}
}

func (c *connection) renew() {
	if fresh, err := c.dial(); err == nil {
		_ = c.current.Close() // calls in progress on it end as CANCELLED, and are repeated
		c.current, c.silentSince = fresh, time.Time{}
	}
}

func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	_ = c.current.Close()
}
