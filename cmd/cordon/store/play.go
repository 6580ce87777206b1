package store

import (
	"embed"
	"net/http"
)

//go:embed play
var playFiles embed.FS

// play serves a page to type SQL in. It holds no secret: the page asks for
// the reader's password, or takes it from the address behind #, which a
// browser does not send.
func play(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	switch r.URL.Path {
	case "/play":
		http.ServeFileFS(w, r, playFiles, "play/play.html")
	case "/play/play.css":
		http.ServeFileFS(w, r, playFiles, "play/play.css")
	case "/play/play.js":
		http.ServeFileFS(w, r, playFiles, "play/play.js")
	default:
		http.NotFound(w, r)
	}
}
