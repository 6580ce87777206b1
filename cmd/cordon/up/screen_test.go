package up

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/internal/service"
)

func TestShortURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://nac.example":                     "https://nac.example",
		"https://nac.example:8443/hooks/t0ken":    "https://nac.example:8443/…",
		"https://nac.example?key=t0ken":           "https://nac.example/…",
		"https://me:t0ken@nac.example/quarantine": "https://nac.example/…",
		"nac.example/t0ken":                       "…",
		"https://nac.example/%zz?key=t0ken":       "…",
		"":                                        "…",
	} {
		if got := shortURL(in); got != want {
			t.Errorf("shortURL(%q) = %q; want %q", in, got, want)
		}
	}
}

func TestScreenHidesToken(t *testing.T) {
	const given = "https://nac.example/hooks/t0ken"
	var out strings.Builder
	y := &System{screen: newScreen(&out), settings: &Settings{}}
	if err := y.respondTo(given, shortURL(given), "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Contains(got, "t0ken") || !strings.Contains(got, "https://nac.example/…") {
		t.Errorf("screen = %q; want scheme and host alone", got)
	}
	if y.plant.webhook.URL != given {
		t.Errorf("webhooks go to %q; want %q", y.plant.webhook.URL, given)
	}
}

func TestSettingsHideToken(t *testing.T) {
	var s Settings
	c := &cobra.Command{Use: "up"}
	s.Bind(c.Flags())
	if err := c.ParseFlags([]string{"--webhook-url", "https://nac.example/t0ken"}); err != nil {
		t.Fatal(err)
	}
	for _, x := range service.Settings(c) {
		if strings.Contains(x.Value, "t0ken") {
			t.Errorf("setting %s = %q; want ***", x.Name, x.Value)
		}
	}
}
