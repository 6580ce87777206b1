package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/cordon-iot/cordon/cmd/cordon/store/chdb"
)

// pool hands out fresh connections. A few are opened ahead; one is never used
// twice, because it keeps what a client set on it.
type pool struct {
	engine *chdb.Engine
	ready  chan *chdb.Conn // bound: connections opened ahead; filler blocks when full
	slots  chan struct{}   // bound: statements at a time; requests wait when full
	stop   context.CancelFunc
	filler sync.WaitGroup
}

const (
	poolAhead      = 4
	poolStatements = 32
)

func newPool(engine *chdb.Engine) *pool {
	ctx, stop := context.WithCancel(context.Background())
	p := &pool{engine: engine, ready: make(chan *chdb.Conn, poolAhead), slots: make(chan struct{}, poolStatements), stop: stop}
	p.filler.Go(func() { p.fill(ctx) })
	return p
}

func (p *pool) fill(ctx context.Context) {
	for {
		c, err := p.engine.Connect()
		if err != nil {
			return // connect will say why
		}
		select {
		case p.ready <- c:
		case <-ctx.Done():
			c.Close()
			return
		}
	}
}

// connect returns a fresh connection, which the caller closes.
func (p *pool) connect() (*chdb.Conn, error) {
	select {
	case c := <-p.ready:
		return c, nil
	default:
		return p.engine.Connect()
	}
}

// enter waits for the right to run a statement; leave gives it back.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for one of %d running statements to end: %w", poolStatements, ctx.Err())
	}
}

func (p *pool) leave() { <-p.slots }

// close closes what was opened ahead.
func (p *pool) close() {
	p.stop()
	p.filler.Wait()
	for {
		select {
		case c := <-p.ready:
			c.Close()
		default:
			return
		}
	}
}
