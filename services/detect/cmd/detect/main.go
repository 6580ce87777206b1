// Command detect finds what policies look for.
package main

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/internal/stream"
	"github.com/cordon-iot/cordon/services/detect"
	"github.com/cordon-iot/cordon/services/detect/guard"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == guard.Verb {
		os.Exit(guard.Child(os.Stdin, os.Stdout, os.Stderr))
	}
	var s settings
	service.Main(service.Command("detect", "find what policies look for", "127.0.0.1:9465", s.bind, s.run))
}

type settings struct {
	kafka    *service.KafkaFlags
	policies string
	author   string
	force    bool
}

func (s *settings) bind(fs *pflag.FlagSet) {
	s.kafka = service.BindKafka(fs)
	fs.StringVar(&s.policies, "policies", "policies", "directory of policies; a change is tested and put in force while events flow; empty: the policies in the log")
	fs.StringVar(&s.author, "policies-author", "", "who changes the policies, for the log; empty: user@host")
	fs.BoolVar(&s.force, "policies-force", false, "start with the directory's policies although the log has newer ones")
}

func (s *settings) run(ctx context.Context, sh *service.Shell) error {
	kafka, err := s.kafka.Connect(ctx, sh.Log, "detect", detect.Rights(s.kafka.Topics()))
	if err != nil {
		return err
	}
	defer sh.Watch(ctx, "kafka", service.KafkaProbe(kafka, s.kafka.Topics().Findings()))()
	defer sh.Watch(ctx, "consumer", service.GroupProbe(kafka, s.kafka.Topics().Prefix+detect.Group))()
	limits, err := guard.Self()
	if err != nil {
		return err
	}
	return detect.Run(ctx, detect.Options{
		Kafka: kafka, Topics: s.kafka.Topics(), Policies: s.policies, Session: s.kafka.Session(),
		Author: cmp.Or(s.author, service.Author()), Force: s.force, Guard: limits,
		Log: sh.Log, Registry: sh.Registry, Tracers: sh.Tracers, Now: time.Now,
		Progress: func(p stream.Progress) { sh.Restoring(p.Partitions, p.Left) },
	})
}
