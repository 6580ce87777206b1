package report

import (
	"net"
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon/ocsf"
)

// Method is the activity of a request with that method.
func Method(m string) int {
	switch m {
	case "":
		return ocsf.ActivityHTTPUnknown
	case "CONNECT":
		return ocsf.ActivityHTTPConnect
	case "DELETE":
		return ocsf.ActivityHTTPDelete
	case "GET":
		return ocsf.ActivityHTTPGet
	case "HEAD":
		return ocsf.ActivityHTTPHead
	case "OPTIONS":
		return ocsf.ActivityHTTPOptions
	case "POST":
		return ocsf.ActivityHTTPPost
	case "PUT":
		return ocsf.ActivityHTTPPut
	case "TRACE":
		return ocsf.ActivityHTTPTrace
	case "PATCH":
		return ocsf.ActivityHTTPPatch
	}
	return ocsf.ActivityHTTPOther
}

// Asked says which address was asked for, from the header Host and the target
// of the request, which is a path or, to a proxy, a whole URL.
func (r *Report) Asked(host, target string) {
	r.URL = ocsf.URL{}
	u := &r.URL
	if s, ok := strings.CutPrefix(target, "http://"); ok {
		u.Scheme = "http"
		authority, path, _ := cutBefore(s, "/?")
		if host == "" {
			host = withoutUser(authority)
		}
		target = path
	}
	u.Path, u.QueryString, _ = strings.Cut(target, "?")
	host = Hostname(host)
	u.Hostname = host
	if name, port, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			u.Hostname, u.Port = name, ocsf.Some(int(n))
		}
	}
	if u.Path == "" {
		u.Path = "/" // RFC 9110, 4.2.3: the empty path is this one
	}
	r.Request.URL = u
}

// cutBefore cuts s before the first byte that is one of chars.
func cutBefore(s, chars string) (before, after string, found bool) {
	i := strings.IndexAny(s, chars)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i:], true
}

// withoutUser leaves out user and password of an authority.
func withoutUser(authority string) string {
	return authority[strings.LastIndexByte(authority, '@')+1:]
}

// Answered says how a request was answered.
func (r *Report) Answered(code int64, reason string) {
	r.Response = ocsf.HTTPResponse{Code: int(code), Status: reason}
	r.Event.HTTPResponse = &r.Response
	r.Result(ocsf.StatusFailure)
	if code >= 100 && code < 400 {
		r.Result(ocsf.StatusSuccess)
	}
}
