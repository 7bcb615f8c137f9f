package sessionlog

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
)

// FromEnv makes a logger from these variables, of which none is read elsewhere; what `options` sets wins:
// SESSIONLOG_ADDRESS, SESSIONLOG_DAEMON, SESSIONLOG_SPILL_FILE, SESSIONLOG_DEBUG=1, SESSIONLOG_TOKEN_FILE or
// SESSIONLOG_TOKEN, and for TLS SESSIONLOG_CA_FILE, SESSIONLOG_SERVER_NAME, SESSIONLOG_CERT_FILE and SESSIONLOG_KEY_FILE.
func FromEnv(options Options) *SessionLogger {
	options.Daemon = cmp.Or(options.Daemon, os.Getenv("SESSIONLOG_DAEMON"))
	options.SpillFile = cmp.Or(options.SpillFile, os.Getenv("SESSIONLOG_SPILL_FILE"))
	debug, _ := strconv.ParseBool(os.Getenv("SESSIONLOG_DEBUG"))
	options.Debug = options.Debug || debug
	if options.Token == "" && options.TokenFile == "" {
		options.TokenFile, options.Token = os.Getenv("SESSIONLOG_TOKEN_FILE"), os.Getenv("SESSIONLOG_TOKEN")
	}
	if options.TLS == nil {
		options.TLS, options.problem = TLSFiles{
			CAFile: os.Getenv("SESSIONLOG_CA_FILE"), ServerName: os.Getenv("SESSIONLOG_SERVER_NAME"),
			CertFile: os.Getenv("SESSIONLOG_CERT_FILE"), KeyFile: os.Getenv("SESSIONLOG_KEY_FILE"),
		}.Config()
		if options.problem != nil {
			options.problem = fmt.Errorf("SESSIONLOG_CA_FILE, SESSIONLOG_CERT_FILE, SESSIONLOG_KEY_FILE: %w", options.problem)
		}
	}
	return NewSessionLogger(cmp.Or(options.Address, os.Getenv("SESSIONLOG_ADDRESS")), options)
}
