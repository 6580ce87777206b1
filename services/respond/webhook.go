package respond

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/internal/tracing"
)

const (
	attemptTimeout  = 10 * time.Second
	maxAnswer       = 64 << 10               // bytes of an answer's header, and of its body, that are read at all
	maxAnswerWait   = 250 * time.Millisecond // for the body, which says nothing that counts
	maxAnswerQuoted = 200                    // bytes of it that go into a reason
	idleConnTimeout = 90 * time.Second
)

// WebhookConfig says where quarantines go.
type WebhookConfig struct {
	URL    string
	Secret Secret
	Now    func() time.Time
	Conns  int            // connections at most
	Roots  *x509.CertPool // nil: those of the system
	// Dial opens connections; nil means a plain dialer. It sees the resolved
	// address, so that it is the place to refuse one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Webhook is an Enforcer that posts signed CloudEvents by the Standard
// Webhooks specification.
type Webhook struct {
	url    string
	signer *standardwebhooks.Webhook
	client *http.Client
	now    func() time.Time
}

// NewWebhook checks c and returns its enforcer.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	if err := checkURL(c.URL); err != nil {
		return nil, err
	}
	if c.Secret.key == nil {
		return nil, errNoSecret
	}
	signer, err := standardwebhooks.NewWebhookRaw(c.Secret.key())
	if err != nil {
		return nil, fmt.Errorf("webhook secret: %w", err)
	}
	return &Webhook{
		url: c.URL, signer: signer, now: c.Now,
		client: &http.Client{Transport: transport(c), CheckRedirect: noRedirect},
	}, nil
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return errors.New("webhook URL is missing: say where quarantines are to be sent, such as https://nac.example/cordon")
	case err != nil:
		return fmt.Errorf("webhook URL: %w", unwrapURL(err))
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.User != nil, u.Fragment != "":
		return fmt.Errorf("webhook URL of scheme %q and host %q: want http or https, a host, no user and no fragment", u.Scheme, u.Host)
	}
	return nil
}

// transport is of its own for every webhook, without the proxies of the
// environment: a quarantine goes where the configuration says.
func transport(c WebhookConfig) *http.Transport {
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: attemptTimeout}).DialContext
	}
	return &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
		TLSHandshakeTimeout:    attemptTimeout,
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        c.Conns,
		MaxIdleConnsPerHost:    c.Conns,
		IdleConnTimeout:        idleConnTimeout,
		MaxResponseHeaderBytes: maxAnswer,
	}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Name returns "webhook".
func (w *Webhook) Name() string { return "webhook" }

// Apply posts the quarantine of a.
func (w *Webhook) Apply(ctx context.Context, a cordon.Action) error {
	return w.post(ctx, NewEvent(TypeApply, a))
}

// Release posts the release of a.
func (w *Webhook) Release(ctx context.Context, a cordon.Action) error {
	return w.post(ctx, NewEvent(TypeRelease, a))
}

// Close closes idle connections.
func (w *Webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}

// post makes one attempt within attemptTimeout.
func (w *Webhook) post(ctx context.Context, e Event) error {
	body, err := e.encode()
	if err != nil {
		return &Failure{Err: err, Untouched: true, Permanent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	var sent atomic.Bool // written by the transport's goroutine
	req, err := w.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
	}), e.ID, body)
	if err != nil {
		return &Failure{Err: err, Untouched: true, Permanent: true}
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return &Failure{Err: unwrapURL(err), Untouched: !sent.Load()}
	}
	defer resp.Body.Close()
	defer time.AfterFunc(maxAnswerWait, cancel).Stop()
	return w.answer(resp)
}

func (w *Webhook) request(ctx context.Context, id string, body []byte) (*http.Request, error) {
	now := w.now()
	signature, err := w.signer.Sign(id, now, body)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	req.Header.Set("User-Agent", "cordon")
	tracing.InjectHTTP(ctx, req.Header) // not signed: a gateway may add a span of its own
	req.Header.Set(standardwebhooks.HeaderWebhookID, id)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return req, nil
}

// answer reads enough of resp to keep the connection and says what it means.
func (w *Webhook) answer(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	code := resp.StatusCode
	if code/100 == 2 {
		return nil
	}
	f := &Failure{
		Err:       fmt.Errorf("answered %s", resp.Status),
		Untouched: code < 500 && code != http.StatusRequestTimeout, // refused before it was carried out
		Permanent: code/100 == 4 && !mayChange(code),
	}
	if len(text) > 0 {
		f.Err = fmt.Errorf("%w: %q", f.Err, clip(string(text), maxAnswerQuoted))
	}
	if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		f.After = retryAfter(resp.Header.Get("Retry-After"), w.now())
	}
	return f
}

// mayChange reports whether a 4xx is about this moment and not this request.
func mayChange(code int) bool {
	return code == http.StatusRequestTimeout || code == http.StatusTooEarly || code == http.StatusTooManyRequests
}

// retryAfter reads both forms of RFC 9110, 10.2.3; 0 if there is none.
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		return time.Duration(max(n, 0)) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// unwrapURL leaves out the URL, which may hold a token.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
