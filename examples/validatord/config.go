package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// config is the content of validatord.toml, whose comments describe the keys.
type config struct {
	Listen         string   `toml:"listen"`
	ModelURL       string   `toml:"model_url"`
	Model          string   `toml:"model"`
	Provider       string   `toml:"provider"`
	ModelTimeout   duration `toml:"model_timeout"`
	DrainTimeout   duration `toml:"drain_timeout"`
	MaxIterations  int      `toml:"max_iterations"`
	Roster         string   `toml:"roster"`
	SkipValidation bool     `toml:"skip_validation"`

	SessionLogAddress    string `toml:"session_log_address"`
	SessionLogSpill      string `toml:"session_log_spill"`
	SessionLogTokenFile  string `toml:"session_log_token_file"`
	SessionLogCAFile     string `toml:"session_log_ca_file"`
	SessionLogServerName string `toml:"session_log_server_name"`
	SessionLogCertFile   string `toml:"session_log_cert_file"`
	SessionLogKeyFile    string `toml:"session_log_key_file"`
}

// duration is written as Go writes one: "60s", "1m30s".
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// loadConfig reads a file; a key that it does not know is an error.
func loadConfig(path string) (config, error) {
	loaded := config{
		Listen: "127.0.0.1:8085", MaxIterations: 3, ModelTimeout: duration(time.Minute), DrainTimeout: duration(10 * time.Second),
	}
	file, err := os.Open(path)
	if err != nil {
		return config{}, err
	}
	defer file.Close()
	if err := toml.NewDecoder(file).DisallowUnknownFields().Decode(&loaded); err != nil {
		return config{}, fmt.Errorf("%s: %w", path, explain(err))
	}
	loaded.SessionLogAddress = cmp.Or(loaded.SessionLogAddress, os.Getenv("SESSIONLOG_ADDRESS"))
	if err := loaded.check(); err != nil {
		return config{}, fmt.Errorf("%s: %w", path, err)
	}
	for _, file := range []*string{
		&loaded.Roster, &loaded.SessionLogSpill, &loaded.SessionLogTokenFile, &loaded.SessionLogCAFile, &loaded.SessionLogCertFile,
		&loaded.SessionLogKeyFile,
	} {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(filepath.Dir(path), *file)
		}
	}
	return loaded, nil
}

// explain names the key and the line.
func explain(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		line, _ := unknown.Errors[0].Position()
		return fmt.Errorf("line %d: unknown key %s", line, strings.Join(unknown.Errors[0].Key(), "."))
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		line, _ := wrong.Position()
		return fmt.Errorf("line %d: %s: %w", line, strings.Join(wrong.Key(), "."), err)
	}
	return err
}

func (c config) check() error {
	switch {
	case c.ModelURL == "":
		return errors.New("model_url is required")
	case c.Roster == "":
		return errors.New("roster is required")
	case c.MaxIterations < 1 || c.MaxIterations > iterationsMax:
		return fmt.Errorf("max_iterations: expected 1 to %d", iterationsMax)
	case c.ModelTimeout <= 0:
		return errors.New("model_timeout: expected a positive duration")
	case c.DrainTimeout < 0:
		return errors.New("drain_timeout: expected a duration of 0 or more")
	}
	return nil
}
