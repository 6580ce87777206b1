package respond

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func encoded(n int) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{'k'}, n))
}

func TestParseSecret(t *testing.T) {
	tests := []struct {
		name, text, want string // want: part of the error, "" for none
	}{
		{"shortest", "whsec_" + encoded(24), ""},
		{"longest", "whsec_" + encoded(64), ""},
		{"with the newline of its file", "whsec_" + encoded(32) + "\n", ""},
		{"empty", "", "no webhook secret"},
		{"blank", " \n", "no webhook secret"},
		{"no prefix", encoded(32), "want whsec_"},
		{"asymmetric", "whsk_" + encoded(32), "want whsec_"},
		{"not base64", "whsec_%%%", "want whsec_"},
		{"too short", "whsec_" + encoded(23), "24 to 64"},
		{"too long", "whsec_" + encoded(65), "24 to 64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := ParseSecret(tt.text)
			if tt.want == "" {
				if err != nil || secretPrefix+base64.StdEncoding.EncodeToString(s.key()) != strings.TrimSpace(tt.text) {
					t.Fatalf("ParseSecret = %v; want it back", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "openssl rand -base64 32") {
				t.Errorf("ParseSecret(%q) = %v; want %q and how to make one", tt.text, err, tt.want)
			}
			if err != nil && tt.name != "empty" && strings.Contains(err.Error(), encoded(23)) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	s, err := ParseSecret("whsec_" + encoded(32))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", s, &s, struct{ Secret Secret }{s})
		fmt.Fprintf(&out, verb+" "+verb+"\n", struct{ secret Secret }{s}, &struct{ secret Secret }{s})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "secret", s, "config", WebhookConfig{Secret: s})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "secret", s)
	if err := json.NewEncoder(&out).Encode(map[string]any{"secret": s}); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{encoded(32), "kkkk", "6b6b6b", "107 107", "0x6b, 0x6b"} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret is printed as %q in:\n%s", form, out.String())
		}
	}
	if n := strings.Count(out.String(), "***"); n < 20 {
		t.Errorf("*** stands %d times; want it for every form:\n%s", n, out.String())
	}
}
