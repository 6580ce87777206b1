package store

import (
	_ "embed"
	"net/http"
)

//go:embed play.html
var playPage []byte

// play serves a page to type SQL in. It holds no secret: the page asks for
// the reader's password, or takes it from the address behind #, which a
// browser does not send.
func play(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=UTF-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(playPage)
}
