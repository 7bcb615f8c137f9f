// Command validatord is a daemon to copy: POST /v1/iterate asks a model, validates its answer, and tries again with the
// validator's objection, until an answer is accepted or the attempts are used up. Each such session becomes one row in the
// session log.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
)

const (
	readHeaderTimeout = 10 * time.Second
	// cancelTimeout is how long cancelled requests may take to end.
	cancelTimeout = 5 * time.Second
)

func main() {
	path := flag.String("config", "validatord.toml", "the configuration file")
	flag.Parse()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *path, log, sessionlog.FromEnv); err != nil {
		fmt.Fprintln(os.Stderr, "validatord:", err)
		os.Exit(1)
	}
}

// run serves until the context is cancelled. Tests open a session log of their own.
func run(
	ctx context.Context, configPath string, log *slog.Logger, open func(sessionlog.Options) *sessionlog.SessionLogger,
) error {
	config, err := loadConfig(configPath)
	if err != nil {
		return err
	}
	roster, err := loadRoster(config.Roster)
	if err != nil {
		return err
	}
	security, err := sessionlog.TLSFiles{
		CAFile: config.SessionLogCAFile, ServerName: config.SessionLogServerName,
		CertFile: config.SessionLogCertFile, KeyFile: config.SessionLogKeyFile,
	}.Config()
	if err != nil {
		return fmt.Errorf("%s: session log: %w", configPath, err)
	}
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return err
	}

	sessionLog := open(sessionlog.Options{
		Address:   config.SessionLogAddress,
		Daemon:    "validatord",
		Logger:    log,
		SpillFile: config.SessionLogSpill,
		TokenFile: config.SessionLogTokenFile,
		TLS:       security,
	})
	requests, cancelRequests := context.WithCancel(context.Background())
	defer cancelRequests()
	server := &http.Server{
		BaseContext:       func(net.Listener) context.Context { return requests },
		Handler:           newHandler(newDaemon(config, roster, sessionLog, log)),
		ReadHeaderTimeout: readHeaderTimeout,
	}
	log.Info("serving", "address", listener.Addr().String(), "model_url", config.ModelURL, "model", config.Model,
		"roster", config.Roster, "workers", len(roster), "session_log", orOff(config.SessionLogAddress))

	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	// First the requests, of which those that take too long end as infra_error; then their rows, with a timeout of their own.
	drainTimeout := time.Duration(config.DrainTimeout)
	defer time.AfterFunc(drainTimeout, cancelRequests).Stop()
	closing, cancel := context.WithTimeout(context.Background(), drainTimeout+cancelTimeout)
	defer cancel()
	err = errors.Join(err, server.Shutdown(closing), sessionLog.Close(context.Background()))
	log.Info("ended", "session_log_rows", sessionLog.Stats())
	return err
}

func orOff(address string) string {
	if address == "" {
		return "off"
	}
	return address
}
