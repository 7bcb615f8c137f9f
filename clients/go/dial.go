package sessionlog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// dial makes a connection that is used with the first call.
func dial(address string, options *Options) (*grpc.ClientConn, error) {
	if err := checkAddress(address); err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if options.TLS != nil {
		transport = credentials.NewTLS(options.TLS)
	}
	// A service that comes back is found within a second; gRPC alone backs off for up to two minutes.
	reconnect := backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}
	dialOptions := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 5 * time.Second}),
		grpc.WithDisableServiceConfig(),
		grpc.WithUserAgent("sessionlog-go"),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(options.MaxMessageBytes)),
	}
	if options.Token != "" {
		if !isHeaderText(options.Token) {
			return nil, errors.New("a token may have printable ASCII only: no newline, no other control, no accent")
		}
		if options.TLS == nil && !options.InsecureToken && !isThisMachine(address) {
			return nil, errors.New("a token needs TLS, or InsecureToken, to go to another machine")
		}
		dialOptions = append(dialOptions, grpc.WithPerRPCCredentials(bearer(options.Token)))
	}
	return grpc.NewClient(address, append(dialOptions, options.DialOptions...)...)
}

// checkAddress takes what the service takes, host:port and unix:/path, and leaves other targets of gRPC to gRPC.
func checkAddress(address string) error {
	if strings.HasPrefix(address, "unix:") || isTarget(address) {
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	if err == nil && host != "" {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || host == "" {
		return fmt.Errorf("expected host:port or unix:/path, not %q", address)
	}
	return nil
}

// isTarget tells whether the address begins with a scheme that gRPC resolves.
func isTarget(address string) bool {
	for _, scheme := range []string{"dns", "passthrough", "unix", "unix-abstract", "vsock", "xds"} {
		if strings.HasPrefix(address, scheme+":") && !isNumber(address[len(scheme)+1:]) {
			return true
		}
	}
	return false
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

func isThisMachine(address string) bool {
	if strings.HasPrefix(address, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// isHeaderText tells whether gRPC takes a text as a header's value.
func isHeaderText(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// bearer is a token as credentials of each call.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity is false: dial has looked to that.
func (bearer) RequireTransportSecurity() bool { return false }
