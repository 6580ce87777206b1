package service

import (
	"os"
	"testing"
)

func TestAuthor(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ user, logname, want string }{
		{"ana", "bo", "ana@" + host},
		{"", "bo", "bo@" + host},
		{"", "", "unknown@" + host},
	} {
		t.Setenv("USER", tc.user)
		t.Setenv("LOGNAME", tc.logname)
		if got := Author(); got != tc.want {
			t.Errorf("Author() of %q, %q = %q; want %q", tc.user, tc.logname, got, tc.want)
		}
	}
}
