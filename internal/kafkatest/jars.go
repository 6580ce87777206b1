package kafkatest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// EnvLibs names the folder with Apache Kafka's jars, for tests that start
// nodes of their own. `make test-kafka` sets it.
const EnvLibs = "CORDON_TEST_KAFKA_LIBS"

// Jars returns the folder that EnvLibs names. Without it the test is skipped
// with a line that says so.
func Jars(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(EnvLibs)
	if dir == "" {
		t.Skipf("SKIPPED: starts nodes of Apache Kafka; run it by `make test-kafka`, or name a folder with Kafka's jars in %s", EnvLibs)
	}
	if _, err := os.Stat(dir); err != nil { //nolint:gosec // tests only
		t.Fatalf("%s: %v; `make kafka` fetches the jars", EnvLibs, err)
	}
	return dir
}

// Libs returns a folder with the jars that pom names. Maven fills it when it is
// not there; it is kept below cache for as long as pom does not change.
func Libs(ctx context.Context, pom, cache string) (string, error) {
	text, err := os.ReadFile(pom) //nolint:gosec // the caller names the files; tests only
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, fmt.Sprintf("kafka-%x", sha256.Sum256(text))[:18])
	if _, err := os.Stat(dir); err == nil { //nolint:gosec // as above
		return dir, nil
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil { //nolint:gosec // as above
		return "", err
	}
	mvn := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DoutputDirectory="+part) //nolint:gosec // as above
	if out, err := mvn.CombinedOutput(); err != nil {
		return "", fmt.Errorf("mvn dependency:copy-dependencies: %w; is Maven installed?\n%s", err, out)
	}
	return dir, os.Rename(part, dir) //nolint:gosec // as above
}
