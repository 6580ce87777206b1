package store_test

import (
	"bufio"
	"context"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cordon-iot/cordon/cmd/cordon/store"
	"github.com/cordon-iot/cordon/cmd/cordon/store/gate"
	"github.com/google/go-cmp/cmp"
)

func TestRestartFindsDataAndUsers(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	exec(t, admin(t, s), "CREATE TABLE kept (a Int32) ENGINE=MergeTree ORDER BY a", "INSERT INTO kept VALUES (5)")
	password := password(t, s.Admin)
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("stop by SIGTERM: %v", err)
	}
	s = openDir(t, dir)
	if got := one[int32](t, admin(t, s), "SELECT a FROM kept"); got != 5 {
		t.Errorf("after restart a = %d; want 5", got)
	}
	accounts, err := store.Users(dir)
	if err != nil {
		t.Fatalf("Users: %v", err)
	}
	if got := accounts.DSN(gate.Admin, s.Addr, "default"); got != s.Admin || !strings.Contains(got, password) {
		t.Errorf("DSN(admin) = %s; want %s with the first password", got, s.Admin)
	}
}

func TestFilesAreForThisUserOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	openDir(t, dir)
	for name, want := range map[string]os.FileMode{"": 0o700, "users.json": 0o600, "config/config.xml": 0o600, "config/users.xml": 0o600, "engine": 0o700} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %q = %o; want %o", name, got, want)
		}
	}
}

func TestGracefulStopFinishesStatements(t *testing.T) {
	s := open(t)
	res := make(chan response, 1)
	var slow sync.WaitGroup
	slow.Go(func() { res <- post(t, s.Admin, "", "SELECT sleep(2), 'done' FORMAT TSV") })
	defer slow.Wait()
	conn := admin(t, s)
	waitFor(t, func() bool {
		return one[uint64](t, conn, "SELECT count() FROM system.processes WHERE query LIKE '%sleep(2)%' AND query NOT LIKE '%processes%'") == 1
	})
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop by SIGTERM: %v", err)
	}
	if got := <-res; got.body != "0\tdone\n" {
		t.Errorf("running statement = %d %q; want its result", got.status, got.body)
	}
}

// child returns the store's command on a directory.
func child(t *testing.T, ctx context.Context, args ...string) *osexec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := osexec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), envChild+"=1")
	return cmd
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	openDir(t, dir)
	out, err := child(t, timeout(t), "--data", dir, "--listen", "127.0.0.1:0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is in use by process") || !strings.Contains(string(out), "--data") {
		t.Errorf("second store on %s: %v %s; want an error that names the process", dir, err, out)
	}
}

func TestMissingLibraryNamesTheCommand(t *testing.T) {
	cmd := child(t, timeout(t), "--data", t.TempDir(), "--listen", "127.0.0.1:0")
	cmd.Dir = "/"
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "make engine") {
		t.Errorf("store without library: %v %s; want an error that names make engine", err, out)
	}
}

func TestStopsWithItsParent(t *testing.T) {
	cmd := child(t, timeout(t), "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--parent")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"listen":"127.0.0.1:`) {
		t.Errorf("ready line = %q, %v", line, err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("store whose parent is gone: %v; want a clean exit", err)
	}
}

func TestPasswordsDoNotPrint(t *testing.T) {
	if got := store.Password("secret").String(); got != "***" {
		t.Errorf("String() = %q; want ***", got)
	}
	if got := store.Password("secret").LogValue().String(); got != "***" {
		t.Errorf("LogValue() = %q; want ***", got)
	}
	if diff := cmp.Diff("http://admin:a%2Fb@h:1/d", store.Accounts{gate.Admin: "a/b"}.DSN(gate.Admin, "h:1", "d")); diff != "" {
		t.Errorf("DSN (-want +got):\n%s", diff)
	}
}
