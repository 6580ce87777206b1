package history

import (
	"net/netip"
	"unsafe"

	"github.com/valyala/fastjson/fastfloat"

	"github.com/cordon-iot/cordon/internal/canon"
	"github.com/cordon-iot/cordon/services/ingest/history/column"
)

// view is b as a string without a copy. It changes when b does, so that nothing
// may keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) } //nolint:gosec // see above

func setWord(c *column.Words) setter {
	return func(v canon.Value) bool {
		if v.Kind != canon.String {
			return false
		}
		c.Append(view(v.Text))
		return true
	}
}

// sameWord reports whether v is the newest value of c.
func sameWord(c *column.Words) setter {
	return func(v canon.Value) bool {
		return v.Kind == canon.String && c.Rows() > 0 && string(c.Last()) == view(v.Text)
	}
}

// sameInt reports whether v is the newest value of c.
func sameInt(c *column.Int64) setter {
	return func(v canon.Value) bool {
		n, ok := integer(v)
		return ok && c.Rows() > 0 && c.Last() == n
	}
}

// always is for attributes that follow from others.
func always(canon.Value) bool { return true }

func setText(c *column.String) setter {
	return func(v canon.Value) bool {
		if v.Kind != canon.String {
			return false
		}
		c.AppendBytes(v.Text)
		return true
	}
}

// integer is v if it is a whole number without exponent.
func integer(v canon.Value) (int64, bool) {
	if v.Kind != canon.Number {
		return 0, false
	}
	n, err := fastfloat.ParseInt64(view(v.Text))
	return n, err == nil
}

func setInt(c interface{ AppendInt(n int64) bool }) setter {
	return func(v canon.Value) bool {
		n, ok := integer(v)
		return ok && c.AppendInt(n)
	}
}

func setBool(c *column.UInt8) setter {
	return func(v canon.Value) bool {
		if v.Kind != canon.True && v.Kind != canon.False {
			return false
		}
		c.Append(bit(v.Kind == canon.True))
		return true
	}
}

// setMilli takes milliseconds since 1970 that DateTime64(3) can hold.
func setMilli(c *column.Int64) setter {
	return func(v canon.Value) bool {
		n, ok := integer(v)
		return ok && n >= minMilli && n <= maxMilli && c.AppendInt(n)
	}
}

func setSeverity(c *column.Int8) setter {
	return func(v canon.Value) bool {
		n, ok := integer(v)
		if !ok {
			return false
		}
		c.Append(severityOf(int(n)))
		return true
	}
}

func setAddr(c *column.Addrs) setter {
	return func(v canon.Value) bool {
		if v.Kind != canon.String {
			return false
		}
		a, err := netip.ParseAddr(view(v.Text))
		if err != nil || a.Zone() != "" {
			return false
		}
		c.Append(a)
		return true
	}
}
