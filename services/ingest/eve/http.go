package eve

import (
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// http is a request with its answer.
type http struct {
	host, url, userAgent, contentType, referrer string
	method, version                             string
	status, length                              ocsf.Opt[int64]
}

func (h *http) table() field.Table {
	return field.Table{
		"hostname":          field.Text(&h.host),
		"url":               field.Text(&h.url),
		"http_user_agent":   field.Text(&h.userAgent),
		"http_content_type": field.Text(&h.contentType),
		"http_refer":        field.Text(&h.referrer),
		"http_method":       field.Text(&h.method),
		"protocol":          field.Text(&h.version),
		"status":            field.Int(&h.status),
		"length":            field.Int(&h.length),
	}
}

func (e *record) fillHTTP(r *report.Report) {
	r.Begin(ocsf.ClassHTTPActivity, report.Method(e.http.method))
	e.connect(r)
	r.App("http")
	if !e.http.request(r) {
		r.Event.HTTPRequest = &r.Request // the class needs one side at least
	}
	e.http.response(r)
	e.keep(r)
}

// request adds the request and reports whether there is one.
func (h *http) request(r *report.Report) bool {
	r.Request = ocsf.HTTPRequest{
		HTTPMethod: h.method, Version: h.version, UserAgent: h.userAgent, Referrer: h.referrer,
	}
	if h.host != "" || h.url != "" {
		r.Asked(h.host, h.url)
	}
	if h.method == "" && r.Request.URL == nil {
		return false
	}
	r.Event.HTTPRequest = &r.Request
	return true
}

// response adds the answer and reports whether there is one.
func (h *http) response(r *report.Report) bool {
	if !h.status.Set {
		return false
	}
	r.Answered(h.status.Value, "")
	r.Response.ContentType = h.contentType
	r.Response.BodyLength = report.Small(h.length)
	return true
}
