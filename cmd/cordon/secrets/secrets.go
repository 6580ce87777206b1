// Package secrets makes the certificates and passwords of one deployment. None
// of them has a default: each deployment has its own, made on its first start.
package secrets

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// clients are the processes that have a certificate to reach the brokers with.
func clients() []string { return []string{"cordon", "ingest", "detect", "respond"} }

// users says where the password of each user of ClickHouse lies: in the folder
// of the one process that uses it.
func users() map[string]string {
	return map[string]string{
		"cordon_admin":  "cordon/clickhouse",  // migrates
		"cordon_writer": "ingest/clickhouse",  // inserts
		"cordon_reader": "grafana/clickhouse", // serves dashboards
	}
}

// Command is `cordon secrets DIR`.
func Command() *cobra.Command {
	var hosts, sensors []string
	c := &cobra.Command{
		Use:   "secrets DIR",
		Short: "Make the certificates and passwords of a deployment; what is there stays",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			made, err := Make(args[0], hosts, time.Now(), sensors...)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%d files made in %s, the rest was there\n", made, args[0])
			return nil
		},
	}
	c.Flags().StringSliceVar(&hosts, "broker-host", []string{"kafka", "localhost", "127.0.0.1"}, "names and addresses in the brokers' certificate")
	c.Flags().StringSliceVar(&sensors, "client", nil, "names of more clients to make certificates for, such as sensors that write raw records")
	return c
}

// Make fills dir with what is missing of a deployment's secrets and returns
// how many files it made. Each process has a folder of its own, so that each
// container sees its own alone:
//
//	authority/{ca,ca-key}.pem                         the CA; no container needs the key
//	kafka/{ca,kafka}.pem                              the brokers' certificate
//	{cordon,ingest,detect,respond}/{ca,cert,key}.pem  mutual TLS with the brokers; of more clients too
//	{cordon,ingest,grafana}/clickhouse                passwords
//	clickhouse/passwords.xml                          their hashes, for users.d
//	respond/webhook                                   signing secret of Standard Webhooks
//	grafana/admin                                     password of the first administrator
//
// Each container runs as a user of its own, whose number is not known here,
// and mounts its folder alone: that is why the folders and what lies in them
// are open to all. What keeps other users of the host out is dir itself, which
// its owner alone can enter.
func Make(dir string, brokerHosts []string, now time.Time, more ...string) (made int, err error) {
	if err := private(dir); err != nil {
		return 0, err
	}
	if err := private(filepath.Join(dir, "authority")); err != nil {
		return 0, err
	}
	w := writer{dir: dir}
	a, err := w.authority(now)
	if err != nil {
		return 0, err
	}
	w.broker(a, brokerHosts, now)
	for _, name := range append(clients(), more...) {
		if err := clientName(name); err != nil {
			return w.made, err
		}
		w.client(a, name, now)
	}
	w.clickhouse()
	w.file("respond/webhook", 0o644, webhookSecret)
	w.file("grafana/admin", 0o644, password)
	return w.made, w.err
}

// clientName refuses what would leave the directory, or is no user of Kafka as
// deploy/kafka/server.properties reads the certificate.
func clientName(name string) error {
	if regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`).MatchString(name) {
		return nil
	}
	return fmt.Errorf("client %q: want letters, digits, dots, dashes and underscores", name)
}

func webhookSecret() ([]byte, error) {
	b, err := random(32)
	return []byte("whsec_" + base64.StdEncoding.EncodeToString(b) + "\n"), err
}

// writer makes files that are not there yet and keeps the first error.
type writer struct {
	dir  string
	made int
	err  error
}

// file writes name with what content returns unless it exists.
func (w *writer) file(name string, mode fs.FileMode, content func() ([]byte, error)) {
	path := filepath.Join(w.dir, name)
	if w.err != nil || exists(path) {
		return
	}
	b, err := content()
	if err == nil {
		err = writeFile(path, b, mode)
	}
	if err != nil {
		w.err = fmt.Errorf("secret %s: %w", name, err)
		return
	}
	w.made++
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// private makes dir a directory that its owner alone can enter, also when it
// is there already.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a directory without x cannot be entered
}

// folder makes dir, unless it is there, a folder that all can enter. The umask
// does not count: it may shut out the containers' users.
func folder(dir string) error {
	if exists(dir) {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755) //nolint:gosec // other users of the containers read what is theirs
}

// writeFile makes the whole file appear at once, so that a crash leaves none
// or a good one.
func writeFile(path string, b []byte, mode fs.FileMode) error {
	if err := folder(filepath.Dir(path)); err != nil {
		return err
	}
	tmp := path + ".new"
	if err := writeSynced(tmp, b, mode); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// writeSynced returns when b is on the disk: a rename may reach it before the
// bytes do.
func writeSynced(path string, b []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode) //nolint:gosec // below the directory that was asked for
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(mode) // whatever the umask
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func random(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := rand.Read(b)
	return b, err
}

func password() ([]byte, error) {
	b, err := random(24)
	return []byte(base64.RawURLEncoding.EncodeToString(b)), err
}

const hashes = "clickhouse/passwords.xml"

// clickhouse makes a password for each user and the file of their hashes,
// anew whenever a password is new.
func (w *writer) clickhouse() {
	before := w.made
	for _, u := range slices.Sorted(maps.Keys(users())) {
		w.file(users()[u], 0o644, password)
	}
	if w.made > before {
		w.remove(hashes)
	}
	w.file(hashes, 0o644, w.hashes)
}

func (w *writer) remove(name string) {
	if err := os.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) && w.err == nil {
		w.err = err
	}
}

func (w *writer) hashes() ([]byte, error) {
	out := []byte("<clickhouse>\n  <users>\n")
	for _, u := range slices.Sorted(maps.Keys(users())) {
		p, err := os.ReadFile(filepath.Join(w.dir, users()[u]))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(p)
		out = fmt.Appendf(out, "    <%s><password_sha256_hex>%s</password_sha256_hex></%s>\n", u, hex.EncodeToString(sum[:]), u)
	}
	return append(out, "  </users>\n</clickhouse>\n"...), nil
}
