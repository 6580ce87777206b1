package zeek

import (
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// http is the log of requests. The password of basic authentication is a field
// of it that is never kept.
type http struct {
	line
	method, host, uri, referrer, version string
	userAgent, statusText, infoText      string
	username                             string
	depth, requestLen, responseLen       ocsf.Opt[int64]
	status, info                         ocsf.Opt[int64]
	tags, proxied, types                 []string
}

func newHTTP() *http {
	h := &http{}
	h.bind("http", field.Table{
		"trans_depth":       field.Int(&h.depth),
		"method":            field.Text(&h.method),
		"host":              field.Text(&h.host),
		"uri":               field.Text(&h.uri),
		"referrer":          field.Text(&h.referrer),
		"version":           field.Text(&h.version),
		"user_agent":        field.Text(&h.userAgent),
		"request_body_len":  field.Int(&h.requestLen),
		"response_body_len": field.Int(&h.responseLen),
		"status_code":       field.Int(&h.status),
		"status_msg":        field.Text(&h.statusText),
		"info_code":         field.Int(&h.info),
		"info_msg":          field.Text(&h.infoText),
		"tags":              field.Texts(&h.tags),
		"username":          field.Text(&h.username),
		"proxied":           field.Texts(&h.proxied),
		"resp_mime_types":   field.Texts(&h.types),
	})
	return h
}

func (h *http) clear() {
	tags, proxied, types := h.tags[:0], h.proxied[:0], h.types[:0]
	h.line.clear()
	*h = http{line: h.line, tags: tags, proxied: proxied, types: types}
}

func (h *http) fill(r *report.Report) {
	r.Begin(ocsf.ClassHTTPActivity, report.Method(h.method))
	h.connect(r, "tcp")
	r.App("http")
	h.request(r)
	h.response(r)
	r.KeepInt("http_info_code", h.info)
	r.KeepText("http_info_msg", h.infoText)
	r.KeepText("http_proxied", report.Commas(h.proxied))
	r.KeepText("http_tags", report.Commas(h.tags))
	r.KeepInt("http_trans_depth", h.depth)
	r.KeepText("http_username", h.username)
}

func (h *http) request(r *report.Report) {
	r.Request = ocsf.HTTPRequest{
		HTTPMethod: h.method, Version: h.version, UserAgent: h.userAgent, Referrer: h.referrer,
		BodyLength: report.Small(h.requestLen),
	}
	if h.host != "" || h.uri != "" {
		r.Asked(h.host, h.uri)
	}
	r.Event.HTTPRequest = &r.Request
}

func (h *http) response(r *report.Report) {
	if !h.status.Set {
		return
	}
	r.Answered(h.status.Value, h.statusText)
	r.Response.BodyLength = report.Small(h.responseLen)
	if len(h.types) > 0 {
		r.Response.ContentType = h.types[0]
	}
}
