package feed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordon-iot/cordon/internal/kafkatest"
)

// TestCommandFailsAfterLinesNotSent: the rest is in the log, and a script sees
// that some is not.
func TestCommandFailsAfterLinesNotSent(t *testing.T) {
	k := kafkatest.Start(t)
	topics := kafkatest.Topics(t, k, 1)
	path := filepath.Join(t.TempDir(), "conn.log")
	for _, c := range []struct{ name, text, out, err string }{
		{"all sent", "{}\n\n{}\n", "2 records", ""},
		{"one is too long", "{}\n" + strings.Repeat("x", maxLine+1) + "\n{}\n", "1 lines NOT sent", "1 lines were not sent"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		cmd := Command()
		cmd.SetOut(&out)
		cmd.SetErr(&strings.Builder{})
		cmd.SetArgs([]string{path, "--format", "zeek", "--kafka-brokers", k.Brokers[0], "--topic-prefix", topics.Prefix})
		err := cmd.ExecuteContext(t.Context())
		if !strings.Contains(out.String(), c.out) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(fmt.Sprint(err), c.err) {
			t.Errorf("%s: feed = %v, %q; want %q, %q", c.name, err, out.String(), c.err, c.out)
		}
	}
}
