package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cordon-iot/cordon/internal/testdata"
)

// binEnv names the folder that programs are built into, for this run.
const binEnv = "CORDON_E2E_BIN"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cordon-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv(binEnv, dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build builds every program, once for all tests.
var build = sync.OnceValue(func() error {
	c := exec.Command("go", "build", "-o", os.Getenv(binEnv)+"/", "./cmd/cordon",
		"./services/ingest/cmd/ingest", "./services/detect/cmd/detect", "./services/respond/cmd/respond")
	c.Dir = testdata.Root()
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
})

// bin is the path of a program.
func bin(t testing.TB, name string) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(os.Getenv(binEnv), name)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
