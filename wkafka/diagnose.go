package wkafka

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/findcoordinator"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// Rights are what a client wants to do.
type Rights struct {
	Read, Write []string // topics
	Groups      []string // consumer groups to join
}

// And is all that r and other hold.
func (r Rights) And(other Rights) Rights {
	return Rights{slices.Concat(r.Read, other.Read), slices.Concat(r.Write, other.Write), slices.Concat(r.Groups, other.Groups)}
}

// Diagnose connects to the brokers of cfg step by step and returns why a
// client cannot use them, as a *Diagnosis, or nil. kafka-go, like most
// clients, says no more than "unexpected EOF" for most of what it finds.
//
// One broker of cfg that answers is enough. Those that the cluster advertises
// must be reachable under the addresses that it gives, and the principal must
// have the rights in need. It makes a few short connections and sends nothing
// that changes anything.
func Diagnose(ctx context.Context, cfg Config, need Rights) error {
	l, err := anyBroker(ctx, cfg)
	if err != nil {
		return err
	}
	defer l.close()
	return l.look(ctx, need)
}

// Probe connects to one broker as far as a client does before its first
// request. It returns what it learned on the way, and a *Diagnosis when it did
// not arrive.
func Probe(ctx context.Context, cfg Config, broker string) (Reached, error) {
	l, err := connect(ctx, cfg, broker)
	if l == nil {
		return Reached{Broker: broker}, err
	}
	defer l.close()
	return l.reached, err
}

// look asks a broker that answers about the cluster and the client's rights.
func (l *link) look(ctx context.Context, need Rights) error {
	req := &metadata.Request{TopicNames: distinct(need.Read, need.Write), IncludeTopicAuthorizedOperations: true}
	res, err := ask[*metadata.Response](l, req)
	if err != nil {
		return l.silent(ctx, "metadata", err)
	}
	if err := l.advertised(ctx, res.Brokers); err != nil {
		return err
	}
	if err := l.topics(res.Topics, need); err != nil {
		return err
	}
	for _, g := range need.Groups {
		if err := l.group(g); err != nil {
			return err
		}
	}
	return nil
}

// distinct are the names in lists, each once; never nil, which asks brokers for
// all topics.
func distinct(lists ...[]string) []string {
	out := append([]string{}, slices.Concat(lists...)...)
	slices.Sort(out)
	return slices.Compact(out)
}

// advertised checks the addresses that clients are sent to.
func (l *link) advertised(ctx context.Context, brokers []metadata.ResponseBroker) error {
	for _, b := range brokers {
		address := net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
		if address == l.reached.Broker {
			continue
		}
		other, err := connect(ctx, l.cfg, address)
		if err == nil {
			other.close()
			continue
		}
		d := diagnosed(address, err)
		d.Cause = fmt.Sprintf("broker %d, which %s says is there: %s", b.NodeID, l.reached.Broker, d.Cause)
		if d.Problem == Unreachable {
			d.Next = "start that broker, or set advertised.listeners to an address that clients reach"
		}
		return d
	}
	return nil
}

func (l *link) topics(topics []metadata.ResponseTopic, need Rights) error {
	bits := map[string]int32{}
	for _, t := range topics {
		bits[t.Name] = t.TopicAuthorizedOperations
		switch code := kafka.Error(t.ErrorCode); code {
		case 0, kafka.LeaderNotAvailable:
		case kafka.TopicAuthorizationFailed:
			return l.forbidden("see topic "+t.Name, "Describe on topic "+t.Name, code)
		case kafka.UnknownTopicOrPartition:
			return l.fault("metadata", NoTopic, code, "topic "+t.Name+" does not exist", "create it")
		default:
			return l.fault("metadata", Other, code, fmt.Sprintf("topic %s: %v", t.Name, code), "")
		}
	}
	for _, t := range need.Read {
		if !Allows(bits[t], kafka.ACLOperationTypeRead) {
			return l.forbidden("read topic "+t, "Read on topic "+t, kafka.TopicAuthorizationFailed)
		}
	}
	for _, t := range need.Write {
		if !Allows(bits[t], kafka.ACLOperationTypeWrite) {
			return l.forbidden("write topic "+t, "Write on topic "+t, kafka.TopicAuthorizationFailed)
		}
	}
	return nil
}

// Allows reports whether the authorized operations of a topic, group or
// cluster, as brokers give them, hold op. What a broker does not tell is
// allowed.
func Allows(operations int32, op kafka.ACLOperationType) bool {
	const untold = -1 << 31
	return operations == untold || operations == 0 || operations>>uint(op)&1 == 1
}

func (l *link) group(group string) error {
	res, err := ask[*findcoordinator.Response](l, &findcoordinator.Request{Key: group})
	if err != nil {
		return l.fault("group "+group, Other, err, err.Error(), "")
	}
	if code := kafka.Error(res.ErrorCode); code == kafka.GroupAuthorizationFailed {
		return l.forbidden("join group "+group, "Read on group "+group, code)
	}
	return nil
}

func (l *link) forbidden(what, right string, err error) error {
	return l.fault("authorisation", Forbidden, err, l.who()+" may not "+what, "allow it "+right)
}

// ask sends a request in a version that the broker knows.
func ask[R protocol.Message](l *link, req protocol.Message) (R, error) {
	var none R
	res, err := l.kafka.RoundTrip(req)
	if err != nil {
		return none, err
	}
	r, ok := res.(R)
	if !ok {
		return none, fmt.Errorf("the answer is a %T; want a %T", res, none)
	}
	return r, nil
}
