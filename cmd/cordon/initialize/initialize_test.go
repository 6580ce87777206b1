package initialize_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/initialize"
	"github.com/cordon-iot/cordon/internal/kafkatest"
)

func TestInit(t *testing.T) {
	k := kafkatest.Start(t)
	names := cordon.Topics{Prefix: "init."}
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		c := initialize.Command()
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(append(args, "--kafka-brokers", strings.Join(k.Brokers, ","), "--topic-prefix", names.Prefix, "--partitions", "2"))
		err := c.ExecuteContext(t.Context())
		return out.String(), err
	}
	if _, err := run("--raw-retention", "-1h"); err == nil || !strings.Contains(err.Error(), "raw-retention") {
		t.Errorf("init --raw-retention -1h = %v; want an error that names the flag", err)
	}
	out, err := run("--events-retention", "90m")
	if err != nil || !strings.Contains(out, "raw topics 168h, events 1h30m0s, the others for ever") {
		t.Fatalf("init = %v\n%s\nwant the retention of every topic", err, out)
	}
	for topic, want := range map[string]string{
		names.Raw("zeek"): "604800000", names.Events(): "5400000", names.Devices(): "-1", names.Actions(): "-1",
	} {
		if got := setting(t, k.Brokers, topic, "retention.ms"); got != want {
			t.Errorf("retention.ms of %s = %s; want %s", topic, got, want)
		}
	}
}

// setting asks the brokers for a setting of topic.
func setting(t *testing.T, brokers []string, topic, name string) string {
	t.Helper()
	c := &kafka.Client{Addr: kafka.TCP(brokers...)}
	res, err := c.DescribeConfigs(t.Context(), &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{name}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range res.Resources {
		for _, e := range r.ConfigEntries {
			if e.ConfigName == name {
				return e.ConfigValue
			}
		}
	}
	t.Fatalf("topic %s has no setting %s", topic, name)
	return ""
}
