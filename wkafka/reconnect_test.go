package wkafka_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/cordon-iot/cordon/internal/kafkatest"
)

// TestReconnect is that of watermill's suite with its bookkeeping behind a lock:
// a hundred publishers, a broker that is killed after a third and after half of
// the messages, and all of them must arrive.
func TestReconnect(t *testing.T) {
	for name, start := range nodes() {
		for _, window := range []int{1, 100} {
			t.Run(fmt.Sprintf("%s/window %d", name, window), func(t *testing.T) {
				n := start(t)
				pub, sub := pubSub(t, n.cfg, kafkatest.Name(t), window)
				newReconnect(t, n).run(pub, sub)
			})
		}
	}
}

const (
	reconnectMessages   = 10_000
	reconnectPublishers = 100
)

// reconnect is one run.
type reconnect struct {
	t     *testing.T
	node  *node
	topic string
	todo  chan int

	mu   sync.Mutex
	sent map[string]bool
}

func newReconnect(t *testing.T, n *node) *reconnect {
	return &reconnect{t: t, node: n, topic: kafkatest.Name(t), todo: make(chan int), sent: map[string]bool{}}
}

func (r *reconnect) run(pub message.Publisher, sub message.Subscriber) {
	if err := sub.(message.SubscribeInitializer).SubscribeInitialize(r.topic); err != nil {
		r.t.Fatal(err)
	}
	ch, err := sub.Subscribe(context.Background(), r.topic)
	if err != nil {
		r.t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { r.number(&wg) })
	for range reconnectPublishers {
		wg.Go(func() { r.publish(pub) })
	}
	got, twice := r.receive(ch)
	wg.Wait()
	for id := range r.sent {
		if !got[id] {
			r.t.Errorf("message %s was acknowledged to its publisher and did not arrive", id)
		}
	}
	r.t.Logf("%d messages, %d crashes, %d delivered again", len(r.sent), r.node.crashes, twice)
	if err := sub.Close(); err != nil {
		r.t.Error(err)
	}
	if err := pub.Close(); err != nil {
		r.t.Error(err)
	}
}

// number hands out the messages and crashes the broker in between.
func (r *reconnect) number(wg *sync.WaitGroup) {
	defer close(r.todo)
	for i := range reconnectMessages {
		r.todo <- i
		if i == reconnectMessages/3 || i == reconnectMessages/2 {
			wg.Go(func() {
				if err := r.node.crash(); err != nil {
					r.t.Errorf("restart of the broker: %v", err)
				}
			})
		}
	}
}

func (r *reconnect) publish(pub message.Publisher) {
	for i := range r.todo {
		id := fmt.Sprint(i)
		for pub.Publish(r.topic, message.NewMessage(id, []byte("x"))) != nil {
			if r.t.Failed() {
				return
			}
		}
		r.mu.Lock()
		r.sent[id] = true
		r.mu.Unlock()
	}
}

func (r *reconnect) receive(ch <-chan *message.Message) (got map[string]bool, twice int) {
	got = map[string]bool{}
	limit := within(r.t, 2*time.Minute)
	for len(got) < reconnectMessages {
		select {
		case m, ok := <-ch:
			if !ok {
				r.t.Fatal("the channel was closed")
			}
			if got[m.UUID] {
				twice++
			}
			got[m.UUID] = true
			m.Ack()
		case <-limit.Done():
			r.t.Errorf("%d of %d messages arrived", len(got), reconnectMessages)
			return got, twice
		}
	}
	return got, twice
}
