// Command fakemodel serves POST /v1/chat/completions from a script.
package main

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/sessionlog/sessionlog/examples/validatord/scriptedmodel"
)

//go:embed script.json
var defaultScript []byte

func main() {
	listen := flag.String("listen", "127.0.0.1:11434", "the address to serve on")
	path := flag.String("script", "", "a script, in place of the one that is built in")
	flag.Parse()
	if err := serve(*listen, *path); err != nil {
		fmt.Fprintln(os.Stderr, "fakemodel:", err)
		os.Exit(1)
	}
}

func serve(listen, path string) error {
	text := defaultScript
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return err
		}
	}
	var script scriptedmodel.Script
	if err := json.Unmarshal(text, &script); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).Info("serving", "address", listener.Addr().String(), "scenes", len(script))
	server := &http.Server{Handler: scriptedmodel.Handler(script), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
