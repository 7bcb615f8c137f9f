package sessionlog

import (
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

// dial makes a connection, which connects with the first call and shows the token, if there is one, with each.
func dial(address string, options *Options, token *bearer) (*grpc.ClientConn, error) {
	target, err := targetOf(address)
	if err != nil {
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
		grpc.WithUserAgent("sessionlog-go/" + Version),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(options.MaxMessageBytes)),
	}
	if token != nil {
		dialOptions = append(dialOptions, grpc.WithPerRPCCredentials(token))
	}
	return grpc.NewClient(target, append(dialOptions, options.DialOptions...)...)
}

// grpcTarget matches an address with a scheme that gRPC resolves. A port alone may follow a host of that name.
var grpcTarget = regexp.MustCompile(`^(dns|passthrough|unix-abstract|vsock|xds):(\d*\D|$)`)

// targetOf accepts what the service accepts, host:port and unix:/path, and leaves other targets of gRPC to gRPC.
func targetOf(address string) (string, error) {
	if path, isUnix := strings.CutPrefix(address, "unix:"); isUnix && path != "" || grpcTarget.MatchString(address) {
		return address, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || host == "" || port == "" || strings.ContainsAny(host, "/ ") {
		return "", fmt.Errorf("expected host:port or unix:/path, not %q", address)
	}
	return strings.ReplaceAll(address, "%", "%25"), nil // a target is a URL; % is before the zone of an IPv6 address
}

func isThisMachine(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	return strings.HasPrefix(address, "unix:") || host == "localhost" || net.ParseIP(host).IsLoopback()
}
