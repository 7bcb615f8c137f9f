package sessionlog

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
)

// programName returns this program's name, reduced to what a daemon's name may have.
func programName() string {
	if len(os.Args) == 0 {
		return ""
	}
	return daemonName(strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"))
}

// daemonName removes what a daemon's name may not have. The result may be empty.
func daemonName(name string) string {
	reduced := strings.Map(func(r rune) rune {
		if isNameByte(r) {
			return r
		}
		return -1
	}, name)
	return reduced[:min(len(reduced), limits.DaemonLengthMax)]
}

func isNameByte(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '.' || r == '_' || r == '-'
}
