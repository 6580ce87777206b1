package stream

import "testing"

func TestCheckMetadata(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{"", true},
		{intent{last: 7}.String(), true},
		{marks{"events": {3, 4}}.encode(), true},
		{"consumer-1", false},
		{marksPrefix + "!", false},
	} {
		if err := CheckMetadata(c.text); (err == nil) != c.ok {
			t.Errorf("CheckMetadata(%q) = %v; want ok %v", c.text, err, c.ok)
		}
	}
}
