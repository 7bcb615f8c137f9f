package sessionlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// tokenBytesMax is more than any token has, and less than the metadata that a service takes.
const tokenBytesMax = 8_192

// bearer is a token that is sent with each call, or the file that has it, which is read for each call.
type bearer struct {
	token, file string // file is empty when the token is fixed

	mu   sync.Mutex
	last string // what the last call had; empty when the file had none that can be sent
}

// newBearer returns nil when the options have no token, and an error when theirs can never be sent.
func newBearer(address string, options *Options) (*bearer, error) {
	if options.Token == "" && options.TokenFile == "" {
		return nil, nil
	}
	if options.TLS == nil && !options.InsecureToken && !isThisMachine(address) {
		return nil, errors.New("a token needs TLS, or InsecureToken, to go to another machine")
	}
	if options.TokenFile != "" {
		return &bearer{file: options.TokenFile}, nil
	}
	return &bearer{token: options.Token}, checkToken(options.Token)
}

func checkToken(token string) error {
	if len(token) > tokenBytesMax {
		return fmt.Errorf("a token may have %d bytes at most", tokenBytesMax)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("a token may have printable ASCII only: no newline, no other control, no accent")
	}
	return nil
}

func (b *bearer) read() (string, error) {
	if b.file == "" {
		return b.token, nil
	}
	text, err := os.ReadFile(b.file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" { // as while it is being written
		return "", fmt.Errorf("%s is empty", b.file)
	}
	return token, checkToken(token)
}

// renewable reports whether another token may come.
func (b *bearer) renewable() bool { return b != nil && b.file != "" }

// renewed reports whether there is a token that can be sent, and the last call had another one.
func (b *bearer) renewed() bool {
	if !b.renewable() {
		return false
	}
	token, err := b.read()
	b.mu.Lock()
	defer b.mu.Unlock()
	return err == nil && token != b.last
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b *bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := b.read()
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.last = ""
		return nil, status.Errorf(codes.Unauthenticated, "token file: %v", err)
	}
	b.last = token
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity is false: newBearer has checked that, and gRPC knows of no socket that is as safe as TLS.
func (*bearer) RequireTransportSecurity() bool { return false }
