package history

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPinger(t *testing.T) {
	status := http.StatusOK
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ping" || r.Header.Get("Authorization") != "" || strings.Contains(r.URL.String(), "hunter2") {
			t.Errorf("asked for %s with %v; want /ping, asked as nobody", r.URL, r.Header)
		}
		w.WriteHeader(status)
	}))
	defer up.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	here, there := strings.TrimPrefix(up.URL, "http://"), strings.TrimPrefix(gone.URL, "http://")
	for _, tc := range []struct {
		name, hosts string
		status      int
		err         string
	}{
		{"up", here, http.StatusOK, ""},
		{"down", there, http.StatusOK, "is it up"},
		{"one of two", there + "," + here, http.StatusOK, ""},
		{"overloaded", here, http.StatusServiceUnavailable, "503"},
	} {
		status = tc.status
		ping, err := Pinger("http://u:hunter2@" + tc.hosts + "/cordon")
		if err != nil {
			t.Fatal(err)
		}
		err = ping(t.Context())
		if (err == nil) != (tc.err == "") || err != nil && (!strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: ping = %v; want %q and no password", tc.name, err, tc.err)
		}
	}
	if _, err := Pinger("http://u@h:8123/"); err == nil {
		t.Error("Pinger of an address without a database = nil; want an error")
	}
}
