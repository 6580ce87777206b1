package datadir_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cordon-iot/cordon/cmd/cordon/datadir"
)

func TestOneHolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	l, err := datadir.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := datadir.Acquire(dir); err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("second Acquire = %v; want the process that holds it", err)
	}
	if datadir.WaitFree(dir, 200*time.Millisecond) {
		t.Error("WaitFree of a directory that is held = true; want false")
	}
	l.Release()
	if !datadir.WaitFree(dir, time.Second) {
		t.Error("WaitFree of a free directory = false; want true")
	}
	l, err = datadir.Acquire(dir)
	if err != nil {
		t.Fatalf("Acquire after Release = %v; want none", err)
	}
	l.Release()
}

func TestRunning(t *testing.T) {
	dir := t.TempDir()
	if _, err := datadir.Running(dir); !errors.Is(err, datadir.ErrNotRunning) {
		t.Errorf("Running(empty) = %v; want ErrNotRunning", err)
	}
	want := datadir.Instance{PID: os.Getpid(), Started: time.Unix(5, 0).UTC(), Brokers: []string{"127.0.0.1:9"}, Reader: "http://reader:x@h/cordon"}
	if err := datadir.Publish(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := datadir.Running(dir)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Running after Publish: %v (-want +got):\n%s", err, diff)
	}
	if err := datadir.Withdraw(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := datadir.Running(dir); !errors.Is(err, datadir.ErrNotRunning) {
		t.Errorf("Running after Withdraw = %v; want ErrNotRunning", err)
	}
}

func TestRunningAfterCrash(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := datadir.Publish(dir, datadir.Instance{PID: gone.Process.Pid}); err != nil {
		t.Fatal(err)
	}
	if _, err := datadir.Running(dir); !errors.Is(err, datadir.ErrNotRunning) {
		t.Errorf("Running of a process that has ended = %v; want ErrNotRunning", err)
	}
}

func TestWebhookSecretStays(t *testing.T) {
	dir := t.TempDir()
	first, err := datadir.WebhookSecret(dir)
	if err != nil || !strings.HasPrefix(first, "whsec_") {
		t.Fatalf("WebhookSecret = %q, %v; want whsec_...", first, err)
	}
	again, err := datadir.WebhookSecret(dir)
	if err != nil || again != first {
		t.Errorf("WebhookSecret again = %q, %v; want %q", again, err, first)
	}
	info, err := os.Stat(filepath.Join(dir, "webhook-secret"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the secret = %v, %v; want 0600", info.Mode().Perm(), err)
	}
}
