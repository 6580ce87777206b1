package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/cordon-iot/cordon/internal/testdata"
)

// compose loads deploy/compose.yaml. Loading validates it against the JSON
// schema of the Compose specification.
func compose(t *testing.T) *types.Project {
	t.Helper()
	opts, err := cli.NewProjectOptions(
		[]string{filepath.Join(testdata.Root(), "deploy/compose.yaml")},
		cli.WithEnv([]string{"CORDON_WEBHOOK_URL=https://nac.example.org/hook"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	p, err := opts.LoadProject(t.Context())
	if err != nil {
		t.Fatalf("deploy/compose.yaml: %v", err)
	}
	return p
}

func TestComposeRefusesUnknownKeys(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "compose.yaml"), "services:\n  a:\n    image: x\n    imagee: y\n")
	opts, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithName("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opts.LoadProject(t.Context()); err == nil || !strings.Contains(err.Error(), "imagee") {
		t.Errorf("LoadProject = %v; want an error about imagee, or the validation is none", err)
	}
}

// TestComposeNeedsWebhookURL: there is no address that a quarantine could go
// to by default.
func TestComposeNeedsWebhookURL(t *testing.T) {
	opts, err := cli.NewProjectOptions([]string{filepath.Join(testdata.Root(), "deploy/compose.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opts.LoadProject(t.Context()); err == nil || !strings.Contains(err.Error(), "CORDON_WEBHOOK_URL") {
		t.Errorf("LoadProject without CORDON_WEBHOOK_URL = %v; want an error that names it", err)
	}
}

// TestComposeVariables: every CORDON_ variable of the file is one that the
// program reads, and every command is one that it has.
func TestComposeVariables(t *testing.T) {
	for name, s := range compose(t).Services {
		program := program(s)
		if program == "" {
			continue
		}
		known := variables(t, program, s.Command)
		for v := range s.Environment {
			if !slices.Contains(known, v) {
				t.Errorf("service %s sets %s, which `%s %s` does not read; it reads %s",
					name, v, program, strings.Join(s.Command, " "), strings.Join(known, " "))
			}
		}
	}
}

// program is the program that a service runs, "" for images of others.
func program(s types.ServiceConfig) string {
	if s.Build == nil {
		return ""
	}
	return *s.Build.Args["SERVICE"]
}

// variables are those that a program's command reads, as its help says.
func variables(t *testing.T, program string, command []string) []string {
	t.Helper()
	var args []string
	if len(command) > 0 {
		args = append(args, command[0])
	}
	args = append(args, "--help")
	out, err := exec.CommandContext(t.Context(), bin(t, program), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return regexp.MustCompile(`CORDON_[A-Z_]+`).FindAllString(string(out), -1)
}

// TestComposeHardened: what is ours runs without privileges, on a file system
// that it cannot change, and says whether it is well.
func TestComposeHardened(t *testing.T) {
	p := compose(t)
	for name, s := range p.Services {
		if program(s) != "" && (!s.ReadOnly || !slices.Contains(s.CapDrop, "ALL")) {
			t.Errorf("service %s: want read_only and cap_drop ALL", name)
		}
		if s.Restart != "" && s.HealthCheck == nil {
			t.Errorf("service %s has no health check", name)
		}
		for k, v := range s.Environment {
			if strings.Contains(k, "PASSWORD") && !strings.HasSuffix(k, "FILE") {
				t.Errorf("service %s: %s=%s: a password stands in the file", name, k, *v)
			}
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("service %s publishes %s on %q; want loopback alone", name, port.Published, port.HostIP)
			}
		}
	}
	if len(p.Services) < 8 {
		t.Errorf("compose has %d services; want the broker, the store, Grafana and cordon's", len(p.Services))
	}
}
