package sessionlog

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// TLSFiles are files in PEM that secure a connection; all of them may be empty.
type TLSFiles struct {
	CAFile            string // the authorities of the service's certificate; default: the system's
	CertFile, KeyFile string // the daemon's own certificate and its key, where the service asks for one
	ServerName        string // the name in the service's certificate, where it is not the address
}

// Config reads the files for Options.TLS, and returns nil when there is none. The daemon's certificate is read again for each
// connection, as it may be renewed. An error names the field and the file.
func (f TLSFiles) Config() (*tls.Config, error) {
	if f == (TLSFiles{}) {
		return nil, nil
	}
	config := &tls.Config{ServerName: f.ServerName}
	if f.CAFile != "" {
		text, err := os.ReadFile(f.CAFile)
		config.RootCAs = x509.NewCertPool()
		if err == nil && !config.RootCAs.AppendCertsFromPEM(text) {
			err = fmt.Errorf("%s: it has no certificate in PEM", f.CAFile)
		}
		if err != nil {
			return nil, fmt.Errorf("CA file: %w", err)
		}
	}
	if f.CertFile != "" || f.KeyFile != "" {
		if _, err := f.pair(); err != nil {
			return nil, err
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return f.pair() }
	}
	return config, nil
}

func (f TLSFiles) pair() (*tls.Certificate, error) {
	if f.CertFile == "" || f.KeyFile == "" {
		return nil, errors.New("certificate and key file: expected both or none")
	}
	pair, err := tls.LoadX509KeyPair(f.CertFile, f.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate and key file: %s, %s: %w", f.CertFile, f.KeyFile, err)
	}
	if end := pair.Leaf.NotAfter; time.Now().After(end) {
		return nil, fmt.Errorf("certificate file: %s: it has expired on %s", f.CertFile, end.UTC().Format(time.RFC3339))
	}
	return &pair, nil
}
