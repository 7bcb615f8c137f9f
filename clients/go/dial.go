package sessionlog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// dial makes a connection, which connects with the first call.
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
		if strings.ContainsFunc(options.Token, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, errors.New("a token may have printable ASCII only: no newline, no other control, no accent")
		}
		if options.TLS == nil && !options.InsecureToken && !isThisMachine(address) {
			return nil, errors.New("a token needs TLS, or InsecureToken, to go to another machine")
		}
		dialOptions = append(dialOptions, grpc.WithPerRPCCredentials(bearer(options.Token)))
	}
	return grpc.NewClient(address, append(dialOptions, options.DialOptions...)...)
}

// grpcTarget matches an address with a scheme that gRPC resolves. A port alone may follow a host of that name.
var grpcTarget = regexp.MustCompile(`^(dns|passthrough|unix-abstract|vsock|xds):(\d*\D|$)`)

// checkAddress accepts what the service accepts, host:port and unix:/path, and leaves other targets of gRPC to gRPC.
func checkAddress(address string) error {
	if strings.HasPrefix(address, "unix:") || grpcTarget.MatchString(address) {
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

func isThisMachine(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	return strings.HasPrefix(address, "unix:") || host == "localhost" || net.ParseIP(host).IsLoopback()
}

// bearer is a token that is sent with each call.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity is false: dial has checked that.
func (bearer) RequireTransportSecurity() bool { return false }
