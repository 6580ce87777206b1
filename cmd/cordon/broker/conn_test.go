package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestRequestPass(t *testing.T) {
	frame := func(key uint16, size int) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(size))
		return append(binary.BigEndian.AppendUint16(b, key), make([]byte, size-2)...)
	}
	for _, tc := range []struct {
		name   string
		stream []byte
		want   int // JoinGroups
	}{
		{"none", append(frame(3, 20), frame(12, 9)...), 0},
		{"one among others", append(append(frame(3, 20), frame(joinGroup, 30)...), frame(12, 9)...), 1},
		{"two", append(frame(joinGroup, 10), frame(joinGroup, 2)...), 2},
	} {
		for _, size := range []int{1, 3, 4, 7} { // of each read
			var r request
			got := 0
			for b := tc.stream; len(b) > 0; b = b[min(size, len(b)):] {
				if r.pass(b[:min(size, len(b))]) {
					got++
				}
			}
			if got != tc.want {
				t.Errorf("%s, %d bytes at a time: %d JoinGroups; want %d", tc.name, size, got, tc.want)
			}
		}
	}
}

// member is one of the group g, by hand.
type member struct {
	t  *testing.T
	cl *kgo.Client

	id         string
	generation int32
}

func newMember(t *testing.T, b *Broker) *member {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Address()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return &member{t: t, cl: cl}
}

// join enters the group, with a session of a second and a rebalance timeout that
// no test waits for.
func (m *member) join(ctx context.Context) (*kmsg.JoinGroupResponse, error) {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Group, req.MemberID, req.ProtocolType = "g", m.id, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 1000, 60_000
	p := kmsg.NewJoinGroupRequestProtocol()
	p.Name = "by hand"
	req.Protocols = append(req.Protocols, p)
	res, err := req.RequestWith(ctx, m.cl)
	if err != nil {
		return nil, err
	}
	m.id = res.MemberID
	return res, kerr.ErrorForCode(res.ErrorCode)
}

// enter joins, under the id that the group gives first, and returns how many
// members the leader is told of.
func (m *member) enter(ctx context.Context) int {
	m.t.Helper()
	res, err := m.join(ctx)
	if errors.Is(err, kerr.MemberIDRequired) {
		res, err = m.join(ctx)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	req := kmsg.NewPtrSyncGroupRequest()
	req.Group, req.MemberID, req.Generation = "g", m.id, res.Generation
	if _, err := req.RequestWith(ctx, m.cl); err != nil {
		m.t.Fatal(err)
	}
	m.generation = res.Generation
	return len(res.Members)
}

// awaitRebalance sends heartbeats until the group asks for a new join.
func (m *member) awaitRebalance(ctx context.Context) {
	m.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		req := kmsg.NewPtrHeartbeatRequest()
		req.Group, req.MemberID, req.Generation = "g", m.id, m.generation
		res, err := req.RequestWith(ctx, m.cl)
		if err != nil {
			m.t.Fatalf("no rebalance: %v", err)
		}
		if res.ErrorCode == kerr.RebalanceInProgress.Code {
			return
		}
		<-tick.C
	}
}

// TestMemberThatDiesWhileItJoins: a member that ends while its request to join
// waits is missed within its session, as any other is.
func TestMemberThatDiesWhileItJoins(t *testing.T) {
	b, err := Start(Options{Listen: "127.0.0.1:0", Partitions: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stays, dies := newMember(t, b), newMember(t, b)
	stays.enter(ctx)
	if _, err := dies.join(ctx); !errors.Is(err, kerr.MemberIDRequired) {
		t.Fatalf("first join = %v; want %v", err, kerr.MemberIDRequired)
	}
	gone := make(chan struct{})
	go func() { defer close(gone); _, _ = dies.join(ctx) }()
	stays.awaitRebalance(ctx)
	dies.cl.Close()
	<-gone
	for range 20 { // requests in which the broker has time to see that
		stays.awaitRebalance(ctx)
	}
	if n := stays.enter(ctx); n != 2 {
		t.Fatalf("%d members; want 2: the group does not know yet", n)
	}
	stays.awaitRebalance(ctx)
	if n := stays.enter(ctx); n != 1 {
		t.Errorf("%d members after the session of the one that died; want 1", n)
	}
}
