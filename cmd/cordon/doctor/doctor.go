// Package doctor is `cordon doctor`: it looks at the brokers, the topics, the
// rights and the consumer groups of a deployment and says what is wrong, why
// that matters and what to do.
package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/wkafka"
)

// Finding is one thing that was looked at.
type Finding struct {
	Area   string       `json:"area"` // such as "topics"
	Name   string       `json:"name"` // what was looked at
	Level  topics.Level `json:"level"`
	Saw    string       `json:"saw"`
	Next   string       `json:"next,omitempty"` // what to do
	Millis int64        `json:"ms,omitempty"`   // how long it took, where that says something
}

// Options say what to expect.
type Options struct {
	Topics      cordon.Topics
	Expect      topics.Expect
	Principal   string // template of the services' principals, as access.Default
	ReadOnly    bool   // no record is written to measure the brokers' clocks
	Now         func() time.Time
	CertWarning time.Duration // certificates that end sooner are reported
}

// Report is all that was found.
type Report struct {
	Time     time.Time `json:"time"`
	Findings []Finding `json:"findings"`
	Warnings int       `json:"warnings"`
	Failures int       `json:"failures"`
}

// exam is one examination.
type exam struct {
	Options
	cfg     wkafka.Config
	admin   *wkafka.Admin
	cluster wkafka.Cluster
	report  *Report
}

// Examine looks at everything. What it cannot look at is a finding too; it has
// no other errors.
func Examine(ctx context.Context, cfg wkafka.Config, o Options) *Report {
	e := &exam{Options: o, cfg: cfg, admin: wkafka.NewAdmin(cfg), report: &Report{Time: o.Now().UTC()}}
	defer e.admin.Close()
	if !e.bootstrap(ctx) {
		return e.report // nothing else can be asked
	}
	e.connection()
	e.brokers(ctx)
	e.topics(ctx)
	e.clock(ctx)
	e.rights(ctx)
	e.groups(ctx)
	e.parked(ctx)
	return e.report
}

func (e *exam) add(f Finding) {
	switch f.Level {
	case topics.Warn:
		e.report.Warnings++
	case topics.Fail:
		e.report.Failures++
	case topics.OK:
	}
	e.report.Findings = append(e.report.Findings, f)
}

func (e *exam) ok(area, name, format string, args ...any) {
	e.add(Finding{Area: area, Name: name, Level: topics.OK, Saw: fmt.Sprintf(format, args...)})
}

func (e *exam) warn(area, name, next, format string, args ...any) {
	e.add(Finding{Area: area, Name: name, Level: topics.Warn, Saw: fmt.Sprintf(format, args...), Next: next})
}

func (e *exam) fail(area, name, next, format string, args ...any) {
	e.add(Finding{Area: area, Name: name, Level: topics.Fail, Saw: fmt.Sprintf(format, args...), Next: next})
}
