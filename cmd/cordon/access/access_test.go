package access_test

import (
	"slices"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/access"
	"github.com/cordon-iot/cordon/wkafka"
)

// TestLeastPrivilege: nobody may write what is not its own to write.
func TestLeastPrivilege(t *testing.T) {
	names := cordon.Topics{Prefix: "s."}
	writes := map[string][]string{}
	for _, s := range access.Services(names) {
		for _, a := range access.ACLs(access.Principal(access.Default, s.Name), s.Rights) {
			if a.Operation == kafka.ACLOperationTypeWrite {
				writes[s.Name] = append(writes[s.Name], names.Word(a.Name))
			}
			if a.Pattern != kafka.PatternTypeLiteral || a.Deny || a.Principal != "User:"+s.Name {
				t.Errorf("%v: want an allowance for one resource of User:%s", a, s.Name)
			}
		}
	}
	for service, want := range map[string][]string{
		"ingest":  {"events", "rejected", "state"},
		"detect":  {"changes", "findings", "rejected", "rulesets", "state"},
		"respond": {"actions", "rejected", "state"},
	} {
		if !slices.Equal(writes[service], want) {
			t.Errorf("%s may write %v; want %v", service, writes[service], want)
		}
	}
}

func TestLacking(t *testing.T) {
	all := access.Deployment(cordon.Topics{}, "User:CN={service},O=cordon", []string{"zeek"})
	if got := access.Lacking(all, all); len(got) != 0 {
		t.Errorf("Lacking of what is all there = %v", got)
	}
	sensor := wkafka.ACL{Principal: "User:CN=zeek,O=cordon", Host: "*", Resource: kafka.ResourceTypeTopic, Name: "raw.zeek", Pattern: kafka.PatternTypeLiteral, Operation: kafka.ACLOperationTypeWrite}
	if !slices.Contains(all, sensor) {
		t.Errorf("Deployment lacks %v", sensor)
	}
	without := slices.DeleteFunc(slices.Clone(all), func(a wkafka.ACL) bool { return a == sensor })
	if got := access.Lacking(without, all); !slices.Equal(got, []wkafka.ACL{sensor}) {
		t.Errorf("Lacking = %v; want %v", got, sensor)
	}
	deny := sensor
	deny.Deny = true
	if got := access.Lacking(append(all, deny), all); !slices.Equal(got, []wkafka.ACL{sensor}) {
		t.Errorf("Lacking with a denial = %v; want %v", got, sensor)
	}
}
