package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/cordon-iot/cordon/cmd/cordon/topics"
	"github.com/cordon-iot/cordon/internal/service"
	"github.com/cordon-iot/cordon/wkafka"
)

// bootstrap tries each address of the settings, and asks about the cluster. It
// reports whether anybody answers.
func (e *exam) bootstrap(ctx context.Context) bool {
	reached := 0
	for _, b := range e.cfg.Brokers {
		if e.probe(ctx, "reach", b, b) {
			reached++
		}
	}
	if reached == 0 {
		return false
	}
	var names []string
	for _, s := range e.Expect.Specs {
		names = append(names, s.Name)
	}
	var err error
	if e.cluster, err = wkafka.DescribeCluster(ctx, e.cfg, names...); err != nil {
		e.failed("cluster", "metadata", service.Advise(err))
		return false
	}
	e.Expect.Embedded = e.cluster.ID == topics.EmbeddedID
	return true
}

// failed reports an error, of which a Diagnosis knows what to do.
func (e *exam) failed(area, name string, err error) {
	var d *wkafka.Diagnosis
	if !errors.As(err, &d) {
		e.fail(area, name, "", "%v", err)
		return
	}
	next := d.Next
	if text := err.Error(); strings.HasSuffix(text, ")") { // the settings to look at
		next += text[strings.LastIndex(text, " ("):]
	}
	e.fail(area, name, next, "%s: %s", d.Step, d.Cause)
}

// probe connects to a broker and reports what it saw.
func (e *exam) probe(ctx context.Context, area, name, address string) bool {
	begun := e.Now()
	r, err := wkafka.Probe(ctx, e.cfg, address)
	took := e.Now().Sub(begun)
	if err != nil {
		e.failed(area, name, service.Advise(err))
		return false
	}
	e.add(Finding{Area: area, Name: name, Saw: strings.Join(e.shown(r), ", "), Millis: took.Milliseconds()})
	e.certificate(area, name, "the broker's", r.Server)
	e.certificate(area, name, "this client's", r.Client)
	return true
}

// shown is what a connection has shown.
func (e *exam) shown(r wkafka.Reached) []string {
	out := []string{release(r)}
	if r.TLS == 0 {
		out = append(out, "plain text")
	} else {
		out = append(out, tls.VersionName(r.TLS))
	}
	if r.Client != nil {
		out = append(out, "certificate of "+r.Client.Subject.String())
	}
	if r.User != "" {
		out = append(out, "user by "+r.User)
	}
	return out
}

// release guesses the release from the requests that a broker knows: brokers
// do not tell.
func release(r wkafka.Reached) string {
	var vs kversion.Versions
	for key, v := range r.Versions {
		vs.SetMaxKeyVersion(key, v[1])
	}
	guess := vs.VersionGuess()
	if !strings.HasPrefix(guess, "v") && !strings.HasPrefix(guess, "at least v") {
		return "release unknown" // a relative of Kafka, or the embedded broker
	}
	return "Kafka " + guess
}

// certificate warns of one that ends soon.
func (e *exam) certificate(area, name, whose string, c *x509.Certificate) {
	if c == nil || c.NotAfter.Sub(e.Now()) > e.CertWarning {
		return
	}
	e.warn(area, name, "renew it", "%s certificate ends on %s", whose, c.NotAfter.UTC().Format("2006-01-02 15:04Z"))
}

// connection judges how this client talks to brokers elsewhere.
func (e *exam) connection() {
	if e.cfg.TLS != nil || slices.ContainsFunc(e.cfg.Brokers, loopback) {
		return
	}
	e.warn("reach", "encryption", "give the brokers a TLS listener and set --kafka-tls-ca", "plain text: whoever is on the way reads and changes records, and may try passwords")
}

func loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// brokers tries the addresses that the cluster sends clients to.
func (e *exam) brokers(ctx context.Context) {
	c := e.cluster
	e.ok("cluster", "id", "%s, %d brokers, controller %d", c.ID, len(c.Brokers), c.Controller)
	switch {
	case e.Expect.Embedded:
		e.ok("cluster", "kind", "the broker that cordon brings along: one node, no copies, no users, loopback only; for trying out, not for production")
	case len(c.Brokers) < 3:
		e.warn("cluster", "brokers", "run three brokers, with --replication 3", "%d: each one that stops, stops everything", len(c.Brokers))
	}
	for _, b := range c.Brokers {
		name := fmt.Sprintf("broker %d at %s", b.ID, b.Address)
		if slices.Contains(e.cfg.Brokers, b.Address) {
			continue // it was tried
		}
		e.probe(ctx, "reach", name, b.Address)
	}
}
