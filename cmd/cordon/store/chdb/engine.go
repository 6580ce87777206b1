package chdb

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// ErrConnect says that the engine refused a connection; it gives no reason
// through its interface but writes one to standard error.
var ErrConnect = errors.New("the engine refused the connection")

// Engine is the loaded library with its one data path. Its methods may be
// called concurrently.
type Engine struct {
	lib  *abi
	args []string

	// mu serialises calls that create or end state in the library.
	mu sync.Mutex

	// anchor is a connection that runs nothing: the library tears the engine
	// down with its last connection and would start it again with the next.
	anchor *Conn
}

// Open verifies and loads the library at path and starts the engine. args are
// given to every connection, e.g. --path=DIR and --config-file=FILE.
func Open(path string, args ...string) (*Engine, error) {
	if err := Verify(path); err != nil {
		return nil, err
	}
	if err := setUTC(); err != nil {
		return nil, err
	}
	lib, err := load(path)
	if err != nil {
		return nil, err
	}
	e := &Engine{lib: lib, args: append([]string{"clickhouse"}, args...)}
	keepSignals(func() { lib.setSignalHandlersEnabled(0) })
	if e.anchor, err = e.Connect(); err != nil {
		return nil, err
	}
	return e, nil
}

// Version returns the library's own version.
func (e *Engine) Version() string { return e.lib.version() }

// Connect opens a connection with its own settings, current database and
// temporary tables. It takes about half a millisecond, except for the first.
func (e *Engine) Connect() (*Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	argv, pin := cStrings(e.args)
	defer pin.Unpin()
	var handle *unsafe.Pointer
	keepSignals(func() { handle = e.lib.connect(int32(len(e.args)), argv) })
	if handle == nil || *handle == nil {
		return nil, fmt.Errorf("connect to engine with %q: %w", e.args[1:], ErrConnect)
	}
	return &Conn{lib: e.lib, handle: handle}, nil
}

// Shutdown stops the engine and its threads. Every connection must be closed
// before; afterwards this process cannot start an engine again.
func (e *Engine) Shutdown() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.anchor.Close()
	if e.lib.shutdown() != 0 {
		return errors.New("engine shutdown: a connection is still open or a thread did not end")
	}
	return nil
}

// setUTC sets TZ in the C environment, which os.Setenv does not reach without
// cgo. The engine takes its time zone from nowhere else, and a column without
// a zone of its own would otherwise follow the machine.
func setUTC() error {
	sym, err := purego.Dlsym(purego.RTLD_DEFAULT, "setenv")
	if err != nil {
		return fmt.Errorf("set the engine's time zone: %w", err)
	}
	var setenv func(name, value string, overwrite int32) int32
	purego.RegisterFunc(&setenv, sym)
	if setenv("TZ", "UTC", 1) != 0 {
		return errors.New("set the engine's time zone: setenv failed")
	}
	return nil
}

// cStrings returns a C argument vector that stays in place until unpinned.
func cStrings(args []string) (**byte, *runtime.Pinner) {
	pin := new(runtime.Pinner)
	argv := make([]*byte, len(args)+1)
	for i, arg := range args {
		b := append([]byte(arg), 0)
		pin.Pin(&b[0])
		argv[i] = &b[0]
	}
	pin.Pin(&argv[0])
	return &argv[0], pin
}
