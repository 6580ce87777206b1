package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/cordon-iot/cordon/internal/service"
)

func TestSettingsHideToken(t *testing.T) {
	var s settings
	c := &cobra.Command{Use: "respond"}
	s.bind(c.Flags())
	if err := c.ParseFlags([]string{"--webhook-url", "https://nac.example/t0ken"}); err != nil {
		t.Fatal(err)
	}
	for _, x := range service.Settings(c) {
		if strings.Contains(x.Value, "t0ken") {
			t.Errorf("setting %s = %q; want ***", x.Name, x.Value)
		}
	}
}
