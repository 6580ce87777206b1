package initialize_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/access"
	"github.com/cordon-iot/cordon/cmd/cordon/initialize"
	"github.com/cordon-iot/cordon/internal/kafkatest"
	"github.com/cordon-iot/cordon/wkafka"
)

func TestRights(t *testing.T) {
	_, k := kafkatest.Cluster(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("SCRAM-SHA-512", "cordon", "x"))
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		c := initialize.Command()
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(append(args, "--kafka-brokers", k.Brokers[0], "--partitions", "1", "--kafka-user", "cordon", "--kafka-password-file", password))
		err := c.ExecuteContext(t.Context())
		return out.String(), err
	}
	if _, err := run("--raw-writers", "zeek-1"); err == nil || !strings.Contains(err.Error(), "needs acls as well") {
		t.Errorf("init --raw-writers = %v; want that it needs --acls", err)
	}
	out, err := run("--acls", "--raw-writers", "zeek-1")
	if err != nil || !strings.Contains(out, "for User:ingest User:detect User:respond User:zeek-1") {
		t.Fatalf("init --acls = %v\n%s\nwant the principals", err, out)
	}
	if k.SASL, err = scram.Mechanism(scram.SHA512, "cordon", "x"); err != nil {
		t.Fatal(err)
	}
	a := wkafka.NewAdmin(k)
	defer a.Close()
	have, err := a.ACLs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if lack := access.Lacking(have, access.Deployment(cordon.Topics{}, access.Default, []string{"zeek-1"})); len(lack) > 0 {
		t.Errorf("after init --acls the cluster lacks %v", lack)
	}
}
