package up

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/cordon-iot/cordon/services/respond/receiver"
)

// demoReceiver stands in for what contains devices on a real network. It
// verifies every delivery and touches nothing.
type demoReceiver struct {
	server *http.Server
	url    string
	done   chan struct{}
}

func startReceiver(secret string, log *slog.Logger) (*demoReceiver, error) {
	r, err := receiver.New(secret, time.Now, func(d receiver.Delivery) {
		log.Info("webhook received and verified", "type", d.Type, "device", d.Data.Device.UID, "id", d.ID, "repeated", d.Duplicate)
	})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not block
	if err != nil {
		return nil, fmt.Errorf("receiver: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/quarantine", r)
	d := &demoReceiver{
		server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second},
		url:    "http://" + l.Addr().String() + "/quarantine",
		done:   make(chan struct{}),
	}
	go func() {
		defer close(d.done)
		if err := d.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("receiver ended", "error", err)
		}
	}()
	return d, nil
}

func (d *demoReceiver) stop() {
	d.server.Close()
	<-d.done
}
