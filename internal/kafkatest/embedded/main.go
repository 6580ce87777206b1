// Command embedded runs the broker that kafkatest starts in the process of a
// test in a process of its own, which tests kill and start again on its data.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cordon-iot/cordon/internal/kafkatest"
)

func main() {
	dir := flag.String("dir", "", "folder of the log")
	listen := flag.String("listen", "127.0.0.1:0", "host:port")
	flag.Parse()
	if err := run(*dir, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "embedded:", err)
		os.Exit(1)
	}
}

// run prints the broker's address and serves until it is told to stop.
func run(dir, listen string) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(dir), kfake.GroupMinSessionTimeout(kafkatest.MinSession),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			return net.Listen(network, listen) //nolint:noctx // it does not block
		}))
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println(c.ListenAddrs()[0])
	<-stop
	return nil
}
