package sessionlog

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
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
		options.TLS, options.problem = tlsFromEnv()
	}
	return NewSessionLogger(cmp.Or(options.Address, os.Getenv("SESSIONLOG_ADDRESS")), options)
}

// tlsFromEnv returns nil when none of the variables is set.
func tlsFromEnv() (*tls.Config, error) {
	ca, name := os.Getenv("SESSIONLOG_CA_FILE"), os.Getenv("SESSIONLOG_SERVER_NAME")
	cert, key := os.Getenv("SESSIONLOG_CERT_FILE"), os.Getenv("SESSIONLOG_KEY_FILE")
	if cmp.Or(ca, name, cert, key) == "" {
		return nil, nil
	}
	config := &tls.Config{ServerName: name}
	var err error
	if ca != "" {
		text, readErr := os.ReadFile(ca)
		config.RootCAs = x509.NewCertPool()
		if err = readErr; err == nil && !config.RootCAs.AppendCertsFromPEM(text) {
			err = errors.New("it has no certificate in PEM")
		}
		if err != nil {
			return nil, fmt.Errorf("SESSIONLOG_CA_FILE: %w", err)
		}
	}
	if cert != "" || key != "" {
		load := func() (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(cert, key)
			if err == nil && time.Now().After(pair.Leaf.NotAfter) {
				err = fmt.Errorf("%s: the certificate has expired on %s", cert, pair.Leaf.NotAfter.Format(time.RFC3339))
			}
			return &pair, err
		}
		if _, err := load(); err != nil {
			return nil, fmt.Errorf("SESSIONLOG_CERT_FILE, SESSIONLOG_KEY_FILE: %w", err)
		}
		// Read again for each connection, as it may be renewed.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return config, nil
}
