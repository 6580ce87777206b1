package fleet

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"time"
)

// seconds is a time as Zeek writes it: seconds since 1970 with microseconds.
type seconds time.Time

// MarshalJSON implements json.Marshaler.
func (s seconds) MarshalJSON() ([]byte, error) {
	us := time.Time(s).UnixMicro()
	return strconv.AppendFloat(nil, float64(us)/1e6, 'f', 6, 64), nil
}

// header are the fields that every record of a log has.
type header struct {
	Path     string  `json:"_path"`
	Sensor   string  `json:"_sensor"`
	Written  seconds `json:"_write_ts"`
	Time     seconds `json:"ts"`
	UID      string  `json:"uid"`
	OrigHost string  `json:"id.orig_h"`
	OrigPort int     `json:"id.orig_p"`
	RespHost string  `json:"id.resp_h"`
	RespPort int     `json:"id.resp_p"`
}

type conn struct {
	header
	Proto       string  `json:"proto"`
	Service     string  `json:"service,omitempty"`
	Duration    float64 `json:"duration,omitempty"`
	OrigBytes   int64   `json:"orig_bytes"`
	RespBytes   int64   `json:"resp_bytes"`
	State       string  `json:"conn_state"`
	LocalOrig   bool    `json:"local_orig"`
	LocalResp   bool    `json:"local_resp"`
	Missed      int64   `json:"missed_bytes"`
	History     string  `json:"history"`
	OrigPackets int64   `json:"orig_pkts"`
	OrigIPBytes int64   `json:"orig_ip_bytes"`
	RespPackets int64   `json:"resp_pkts"`
	RespIPBytes int64   `json:"resp_ip_bytes"`
	OrigMAC     string  `json:"orig_l2_addr,omitempty"`
}

type dns struct {
	header
	Proto   string    `json:"proto"`
	ID      int       `json:"trans_id"`
	RTT     float64   `json:"rtt"`
	Query   string    `json:"query"`
	Class   int       `json:"qclass"`
	Type    int       `json:"qtype"`
	TypeIs  string    `json:"qtype_name"`
	Code    int       `json:"rcode"`
	CodeIs  string    `json:"rcode_name"`
	AA      bool      `json:"AA"`
	TC      bool      `json:"TC"`
	RD      bool      `json:"RD"`
	RA      bool      `json:"RA"`
	Z       int       `json:"Z"`
	Answers []string  `json:"answers"`
	TTLs    []float64 `json:"TTLs"`
	Refused bool      `json:"rejected"`
}

type ssl struct {
	header
	Version     string `json:"version"`
	Cipher      string `json:"cipher"`
	ServerName  string `json:"server_name"`
	Resumed     bool   `json:"resumed"`
	Established bool   `json:"established"`
	Validation  string `json:"validation_status"`
}

type ssh struct {
	header
	Version   int    `json:"version"`
	Success   bool   `json:"auth_success"`
	Attempts  int    `json:"auth_attempts"`
	Direction string `json:"direction"`
	Client    string `json:"client"`
	Server    string `json:"server"`
	HASSH     string `json:"hassh"`
}

type modbus struct {
	header
	TID      int    `json:"tid"`
	Unit     int    `json:"unit"`
	Function string `json:"func"`
	PDU      string `json:"pdu_type"`
}

// flow is a connection before it is written down.
type flow struct {
	from, to   string
	port       int
	proto      string
	service    string
	state      string
	lasts      time.Duration
	out, in    int64
	outPackets int64 // 0: follows from out
}

// scribe writes down what one sensor sees.
type scribe struct {
	sensor string
	mac    string // of the device that starts connections; empty when it is elsewhere
	attack string
	rng    *rand.Rand
	events []Event
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func (s *scribe) header(path string, at, written time.Time, fl flow) header {
	uid := make([]byte, 18)
	uid[0] = 'C'
	for i := range uid[1:] {
		uid[i+1] = base62[s.rng.IntN(len(base62))]
	}
	return header{
		Path: path, Sensor: s.sensor, Written: seconds(written), Time: seconds(at), UID: string(uid),
		OrigHost: fl.from, OrigPort: 32768 + s.rng.IntN(28000), RespHost: fl.to, RespPort: fl.port,
	}
}

// log adds a record that the sensor writes at at.
func (s *scribe) log(at time.Time, record any) {
	s.report(at, "zeek", s.sensor, record)
}

func (s *scribe) report(at time.Time, format, key string, record any) {
	b, err := json.Marshal(record)
	if err != nil {
		panic(err) // structs of strings and numbers
	}
	s.events = append(s.events, Event{At: at, Format: format, Key: key, Value: b, Attack: s.attack})
}

// flow writes down fl, which begins at at, and returns its header.
func (s *scribe) flow(at time.Time, fl flow) header {
	if fl.proto == "" {
		fl.proto = "tcp"
	}
	h := s.header("conn", at, at.Add(fl.lasts), fl)
	c := conn{
		header: h, Proto: fl.proto, Service: fl.service, Duration: fl.lasts.Round(time.Microsecond).Seconds(),
		OrigBytes: fl.out, RespBytes: fl.in, State: fl.state, History: history(fl),
		LocalOrig: local(fl.from), LocalResp: local(fl.to), OrigMAC: s.mac,
	}
	c.OrigPackets, c.OrigIPBytes = packets(fl.out, 3)
	c.RespPackets, c.RespIPBytes = packets(fl.in, 2)
	if fl.outPackets > 0 {
		c.OrigPackets = fl.outPackets
	}
	if fl.state == "S0" {
		c.RespPackets, c.RespIPBytes = 0, 0
	}
	s.log(at.Add(fl.lasts), c)
	return h
}

func local(addr string) bool { return len(addr) > 3 && addr[:3] == "10." }

func packets(bytes, least int64) (n, ip int64) {
	n = least + bytes/1400
	return n, bytes + 40*n
}

func history(fl flow) string {
	switch {
	case fl.proto == "udp":
		return "Dd"
	case fl.state == "S0":
		return "S"
	case fl.state == "REJ":
		return "Sr"
	}
	return "ShADadFf"
}
