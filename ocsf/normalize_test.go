package ocsf

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"
)

// minimal is the shortest network event; extra goes before its end.
func minimal(extra string) string {
	return `{"activity_id":6,"category_uid":4,"class_uid":4001,"dst_endpoint":{"ip":"10.0.0.2"},` +
		`"metadata":{"product":{"name":"x"},"version":"1.8.0"},"severity_id":1,"time":1700000000000,"type_uid":400106` + extra + `}`
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		dropped        []string
	}{
		{name: "canonical stays", in: minimal(""), want: minimal("")},
		{name: "white space goes", in: strings.ReplaceAll(minimal(""), ":", " :\n\t "), want: minimal("")},
		{
			name: "keys are sorted",
			in: `{"type_uid":400106,"time":1700000000000,"severity_id":1,"metadata":{"version":"1.8.0","product":{"name":"x"}},` +
				`"dst_endpoint":{"ip":"10.0.0.2"},"class_uid":4001,"category_uid":4,"activity_id":6}`,
			want: minimal(""),
		},
		{name: "escaped key", in: strings.Replace(minimal(""), "class_uid", `\u0063lass_uid`, 1), want: minimal("")},
		{name: "needless escapes go", in: minimal(`,"url":{"path":"\/\u0061\u00e9\ud83d\ude00\n"}`), want: minimal(`,"url":{"path":"/aé😀\n"}`)},
		{name: "null is absent", in: minimal(`,"url":null`), want: minimal("")},
		{name: "empty text is absent", in: minimal(`,"url":{"path":"/","scheme":""}`), want: minimal(`,"url":{"path":"/"}`)},
		{name: "whole float is an integer", in: strings.Replace(minimal(""), ":6,", ":6.0,", 1), want: minimal("")},
		{name: "zero stays", in: minimal(`,"traffic":{"bytes_in":-0}`), want: strings.Replace(minimal(""), `"type_uid"`, `"traffic":{"bytes_in":0},"type_uid"`, 1)},
		{
			name: "addresses get their one form",
			in:   strings.Replace(minimal(""), `"severity_id":1`, `"severity_id":1,"src_endpoint":{"ip":"2001:DB8:0::1","mac":"AA-bb-CC-00-11-22","intermediate_ips":["::ffff:1.2.3.4"]}`, 1),
			want: strings.Replace(minimal(""), `"severity_id":1`, `"severity_id":1,"src_endpoint":{"intermediate_ips":["1.2.3.4"],"ip":"2001:db8::1","mac":"aa:bb:cc:00:11:22"}`, 1),
		},
		{
			name:    "undeclared fields are dropped",
			in:      minimal(`,"zzz":{"a":[1,{"b":null}]},"query":{"hostname":"a"},"url":{"path":"/","x":1}`),
			want:    minimal(`,"url":{"path":"/"}`),
			dropped: []string{"zzz", "query", "url.x"},
		},
		{
			name:    "undeclared keys of unmapped are dropped",
			in:      minimal(`,"unmapped":{"mqtt_topic":"t","modbus_unit":3,"dns_rtt":1.50,"mqtt_dup":true,"other":1}`),
			want:    minimal(`,"unmapped":{"dns_rtt":1.5,"modbus_unit":3,"mqtt_dup":true,"mqtt_topic":"t"}`),
			dropped: []string{"unmapped.other"},
		},
		{
			name:    "cordon's own keys of unmapped are dropped",
			in:      minimal(`,"unmapped":{"state":"applied","mqtt_topic":"t"}`),
			want:    minimal(`,"unmapped":{"mqtt_topic":"t"}`),
			dropped: []string{"unmapped.state"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, dropped, err := Normalize(nil, []byte(c.in))
			if err != nil {
				t.Fatalf("Normalize(%s) = %v", c.in, err)
			}
			if diff := cmp.Diff(c.want, string(body)); diff != "" {
				t.Errorf("Normalize(%s) (-want +got):\n%s", c.in, diff)
			}
			if diff := cmp.Diff(c.dropped, append([]string(nil), dropped...)); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNormalizeRefuses(t *testing.T) {
	deep := strings.Repeat(`{"x":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1)
	var many strings.Builder
	for i := range MaxFields {
		fmt.Fprintf(&many, `,"x%d":1`, i)
	}
	for _, c := range []struct {
		name, in string
		code     Code
		path     string
	}{
		{"empty", "", CodeSyntax, ""},
		{"NUL bytes", "\x00\x00", CodeSyntax, ""},
		{"no object", `[1]`, CodeType, ""},
		{"truncated", minimal("")[:77], CodeSyntax, "dst_endpoint.ip"},
		{"behind the end", minimal("") + "{}", CodeSyntax, ""},
		{"NUL behind the end", minimal("") + "\x00", CodeSyntax, ""},
		{"trailing comma", minimal(","), CodeSyntax, "type_uid"},
		{"missing comma", minimal(` "url":{}`), CodeSyntax, "type_uid"},
		{"control character", minimal(",\"message\":\"a\x01\""), CodeSyntax, "message"},
		{"unknown escape", minimal(`,"message":"\x"`), CodeSyntax, "message"},
		{"short unicode escape", minimal(`,"message":"\u12"`), CodeSyntax, "message"},
		{"lone high surrogate", minimal(`,"message":"\ud800"`), CodeUTF8, "message"},
		{"lone low surrogate", minimal(`,"message":"\udc00\ud800"`), CodeUTF8, "message"},
		{"broken UTF-8", minimal(",\"message\":\"a\xff\""), CodeUTF8, "message"},
		{"broken UTF-8 in a dropped field", minimal(",\"zzz\":[\"a\xff\"]"), CodeUTF8, "zzz[0]"},
		{"leading zero", minimal(`,"count":01`), CodeSyntax, "count"},
		{"plus sign", minimal(`,"count":+1`), CodeSyntax, "count"},
		{"NaN", minimal(`,"count":NaN`), CodeSyntax, "count"},
		{"huge integer", minimal(`,"count":9223372036854775808`), CodeNumber, "count"},
		{"huge float", minimal(`,"zzz":1e400`), CodeNumber, "zzz"},
		{"duplicate key", minimal(`,"class_uid":4001`), CodeDuplicateKey, "class_uid"},
		{"duplicate null key", minimal(`,"url":null,"url":null`), CodeDuplicateKey, "url"},
		{"duplicate undeclared key", minimal(`,"zzz":1,"zzz":2`), CodeDuplicateKey, "zzz"},
		{"duplicate key in a dropped field", minimal(`,"zzz":{"a":1,"b":2,"a":3}`), CodeDuplicateKey, "zzz.a"},
		{"duplicate key in unmapped", minimal(`,"unmapped":{"mqtt_dup":true,"mqtt_dup":true}`), CodeDuplicateKey, "unmapped.mqtt_dup"},
		{"duplicate escaped key", minimal(`,"\u0063lass_uid":4001`), CodeDuplicateKey, "class_uid"},
		{"too deep", minimal(`,"zzz":` + deep), CodeDepth, "zzz" + strings.Repeat(".x", MaxDepth-1)},
		{"too many fields", minimal(many.String()), CodeFields, "x243"},
		{"long string", minimal(`,"message":"` + strings.Repeat("a", MaxString+1) + `"`), CodeString, "message"},
		{"long escaped string", minimal(`,"message":"` + strings.Repeat(`\n`, MaxString+1) + `"`), CodeString, "message"},
		{"long key", minimal(`,"` + strings.Repeat("a", MaxString+1) + `":1`), CodeString, ""},
		{"too large", minimal(`,"zzz":"` + strings.Repeat(" ", MaxEvent) + `"`), CodeSize, ""},
		{"no class", strings.Replace(minimal(""), `"class_uid":4001,`, "", 1), CodeClass, "class_uid"},
		{"class of another type", strings.Replace(minimal(""), "4001", `"4001"`, 1), CodeClass, "class_uid"},
		{"unknown class", strings.Replace(minimal(""), "4001", "4999", 1), CodeClass, "class_uid"},
		{"wrong category", strings.Replace(minimal(""), `"category_uid":4`, `"category_uid":5`, 1), CodeEnum, "category_uid"},
		{"wrong type_uid", strings.Replace(minimal(""), "400106", "400101", 1), CodeEnum, "type_uid"},
		{"activity of another class", strings.Replace(strings.Replace(minimal(""), ":6,", ":8,", 1), "400106", "400108", 1), CodeEnum, "activity_id"},
		{"severity out of range", strings.Replace(minimal(""), `"severity_id":1`, `"severity_id":7`, 1), CodeEnum, "severity_id"},
		{"text for a number", strings.Replace(minimal(""), "1700000000000", `"now"`, 1), CodeType, "time"},
		{"fraction for an integer", minimal(`,"count":1.5`), CodeType, "count"},
		{"number for a text", minimal(`,"message":5`), CodeType, "message"},
		{"object for an array", minimal(`,"attacks":{}`), CodeType, "attacks"},
		{"array for an object", minimal(`,"url":[]`), CodeType, "url"},
		{"null in an array", minimal(`,"attacks":[null]`), CodeType, "attacks[0]"},
		{"text for a truth value", minimal(`,"is_alert":"yes"`), CodeType, "is_alert"},
		{"negative time", strings.Replace(minimal(""), "1700000000000", "-1", 1), CodeFormat, "time"},
		{"time beyond year 9999", strings.Replace(minimal(""), "1700000000000", "1700000000000000", 1), CodeFormat, "time"},
		{"no address", strings.Replace(minimal(""), "10.0.0.2", "10.0.0.256", 1), CodeFormat, "dst_endpoint.ip"},
		{"address with leading zero", strings.Replace(minimal(""), "10.0.0.2", "10.0.0.02", 1), CodeFormat, "dst_endpoint.ip"},
		{"no MAC", strings.Replace(minimal(""), `"ip":"10.0.0.2"`, `"ip":"10.0.0.2","mac":"aabb.ccdd.eeff"`, 1), CodeFormat, "dst_endpoint.mac"},
		{"long MAC", strings.Replace(minimal(""), `"ip":"10.0.0.2"`, `"ip":"10.0.0.2","mac":"aa:bb:cc:dd:ee:ff:"`, 1), CodeFormat, "dst_endpoint.mac"},
		{"port too high", strings.Replace(minimal(""), `"ip":"10.0.0.2"`, `"ip":"10.0.0.2","port":65536`, 1), CodeFormat, "dst_endpoint.port"},
		{"host name with control character", strings.Replace(minimal(""), `"ip":"10.0.0.2"`, `"hostname":"a\nb"`, 1), CodeFormat, "dst_endpoint.hostname"},
		{"bad subnet", strings.Replace(minimal(""), `"dst`, `"device":{"type_id":7,"uid":"d","subnet":"10.0.0.0"},"dst`, 1), CodeFormat, "device.subnet"},
		{"required field missing", strings.Replace(minimal(""), `"severity_id":1,`, "", 1), CodeMissing, "severity_id"},
		{"required field null", strings.Replace(minimal(""), `"severity_id":1`, `"severity_id":null`, 1), CodeMissing, "severity_id"},
		{"required field of an object missing", strings.Replace(minimal(""), `"product":{"name":"x"},`, "", 1), CodeMissing, "metadata.product"},
		{"no side of the connection", strings.Replace(minimal(""), `"dst_endpoint":{"ip":"10.0.0.2"},`, "", 1), CodeMissing, ""},
		{"endpoint without identity", strings.Replace(minimal(""), `"ip":"10.0.0.2"`, `"port":1`, 1), CodeMissing, "dst_endpoint"},
		{"endpoint with an empty identity", strings.Replace(minimal(""), `"ip":"10.0.0.2"`, `"uid":""`, 1), CodeMissing, "dst_endpoint"},
		{"object in a list without identity", minimal(`,"attacks":[{"version":"18"}]`), CodeMissing, "attacks[0]"},
		{"windows", minimal(`,"windows":{}`), CodeReserved, "windows"},
		{"cordon's own field", minimal(`,"unmapped":{"cordon_auth":"attested"}`), CodeReserved, "unmapped.cordon_auth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, _, err := Normalize([]byte("before"), []byte(c.in))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("Normalize(%.200s) = %s, %v; want %s", c.in, body, err, c.code)
			}
			if e.Code != c.code || e.Path != c.path {
				t.Errorf("Normalize(%.200s) = %v; want %s at %q", c.in, e, c.code, c.path)
			}
			if e.Offset < 0 || e.Offset > len(c.in) {
				t.Errorf("offset = %d; want within the %d bytes of the event", e.Offset, len(c.in))
			}
			if string(body) != "before" {
				t.Errorf("body = %q; want dst unchanged", body)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	_, _, err := Normalize(nil, []byte(minimal(`,"attacks":[{"technique":{"uid":"a"}},{"technique":{"uid":5}}]`)))
	want := "field.type at attacks[1].technique.uid (byte 250): want a string"
	if err == nil || err.Error() != want {
		t.Errorf("Normalize = %v; want %s", err, want)
	}
}

func TestDecodeInternal(t *testing.T) {
	in := minimal(`,"unmapped":{"cordon_auth":"attested"}`)
	var e Event
	d := Decoder{Internal: true}
	if _, err := d.Decode([]byte(in), &e); err != nil {
		t.Fatalf("Decode = %v; want cordon's own fields accepted", err)
	}
	if got := e.Unmapped.Text("cordon_auth"); got != "attested" {
		t.Errorf("cordon_auth = %q; want attested", got)
	}
	if got := string(e.AppendJSON(nil)); got != in {
		t.Errorf("AppendJSON = %s; want %s", got, in)
	}
}

// TestDecodeForgets reads a full event and then a small one with the same
// memory.
func TestDecodeForgets(t *testing.T) {
	var n Normalizer
	full := sample(t, ClassDetectionFinding)
	for _, in := range []string{full, minimal(""), full, minimal(`,"zzz":1`), minimal("")} {
		want, _, err := Normalize(nil, []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := n.Normalize(nil, []byte(in))
		if err != nil || string(got) != string(want) {
			t.Errorf("Normalize with used memory = %s, %v; want %s", got, err, want)
		}
	}
}

// TestDecodeAgreesWithEncodingJSON compares both ways into the struct.
func TestDecodeAgreesWithEncodingJSON(t *testing.T) {
	for _, class := range classes() {
		in := []byte(sample(t, class))
		var fast, slow Event
		if _, err := new(Decoder).Decode(in, &fast); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(in, &slow); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(slow.AppendJSON(nil)), string(fast.AppendJSON(nil))); diff != "" {
			t.Errorf("class %d (-encoding/json +Decoder):\n%s", class, diff)
		}
	}
}

// TestNormalizeAllocatesNothing, but for findings: the encoder cannot know that
// their json_t is canonical and sorts it again.
func TestNormalizeAllocatesNothing(t *testing.T) {
	for _, class := range classes() {
		want := 0.0
		if class == ClassDetectionFinding {
			want = 1
		}
		var n Normalizer
		in, dst := []byte(sample(t, class)), make([]byte, 0, MaxEvent)
		allocs := testing.AllocsPerRun(100, func() {
			if _, _, err := n.Normalize(dst, in); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > want {
			t.Errorf("Normalize of class %d allocates %v times an event; want %v", class, allocs, want)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, class := range classes() {
		f.Add([]byte(sample(f, class)))
	}
	for _, s := range []string{minimal(""), minimal(`,"zzz":[1.5e3,{"b":"\ud83d\ude00","a":null}]`), minimal(`,"unmapped":{"dns_rtt":1e-9}`)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var n Normalizer
		once, _, err := n.Normalize(nil, in)
		if err != nil {
			return
		}
		if !json.Valid(once) || !json.Valid(in) {
			t.Fatalf("Normalize(%q) = %q; want both to be JSON", in, once)
		}
		twice, dropped, err := n.Normalize(nil, once)
		if err != nil || len(dropped) > 0 || string(twice) != string(once) {
			t.Fatalf("Normalize(%q) = %q, %q, %v; want no change", once, twice, dropped, err)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	var n Normalizer
	in, dst := []byte(sample(b, ClassNetworkActivity)), make([]byte, 0, MaxEvent)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := n.Normalize(dst, in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	var d Decoder
	var e Event
	in := []byte(sample(b, ClassNetworkActivity))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(in, &e); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFastjsonParse is the yardstick: a parser that checks neither types
// nor UTF-8 nor duplicate keys and writes nothing.
func BenchmarkFastjsonParse(b *testing.B) {
	var p fastjson.Parser
	in := []byte(sample(b, ClassNetworkActivity))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.ParseBytes(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	in := []byte(sample(b, ClassNetworkActivity))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		var e Event
		if err := json.Unmarshal(in, &e); err != nil {
			b.Fatal(err)
		}
	}
}
