package service

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// NewLog returns a log that is written for people on a terminal and as JSON
// elsewhere. format is auto, text or json; level is debug, info, warn or error.
func NewLog(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log-level %q: want debug, info, warn or error", level)
	}
	terminal := isTerminal(w)
	switch format {
	case "auto":
		if !terminal {
			return jsonLog(w, l), nil
		}
	case "json":
		return jsonLog(w, l), nil
	case "text":
	default:
		return nil, fmt.Errorf("log-format %q: want auto, text or json", format)
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{Level: l, TimeFormat: time.TimeOnly, NoColor: !terminal})), nil
}

func jsonLog(w io.Writer, l slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
