package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Request is one request of a client.
type Request struct {
	Client  string // client id
	API     string // such as "Produce"
	Says    string // the rest of it, for people
	Answer  string // what the broker says to that, for people, once it has answered
	About   string // topic of a Produce, group of what concerns one; else ""
	Commits []Commit
	Arrived time.Time // for whoever wants to note it

	correlation int32
	flexible    bool
	body        kmsg.Request // nil where nobody looks into it
}

// Commit is an offset that a request wants committed.
type Commit struct {
	Group, Topic string
	Partition    int32
	Offset       int64
}

// parse reads a request frame without its size.
func parse(frame []byte) (*Request, error) {
	if len(frame) < 10 {
		return nil, errors.New("request is shorter than its header")
	}
	key := int16(binary.BigEndian.Uint16(frame))
	version := int16(binary.BigEndian.Uint16(frame[2:]))
	r := &Request{API: kmsg.NameForKey(key), correlation: int32(binary.BigEndian.Uint32(frame[4:]))}
	rest := frame[8:]
	n := int(int16(binary.BigEndian.Uint16(rest)))
	rest = rest[2:]
	if n > len(rest) {
		return nil, errors.New("client id is longer than the request")
	}
	if n > 0 {
		r.Client, rest = string(rest[:n]), rest[n:]
	}
	req := kmsg.RequestForKey(key)
	if req == nil || version > req.MaxVersion() {
		return r, nil
	}
	req.SetVersion(version)
	r.flexible = req.IsFlexible()
	if !looked(req) {
		return r, nil
	}
	if r.flexible {
		var err error
		if rest, err = skipTags(rest); err != nil {
			return nil, err
		}
	}
	if err := req.ReadFrom(rest); err != nil {
		return nil, fmt.Errorf("%s v%d: %w", r.API, version, err)
	}
	r.body = req
	r.describe(req)
	return r, nil
}

// looked reports whether the body of req is of interest.
func looked(req kmsg.Request) bool {
	switch req.(type) {
	case *kmsg.ProduceRequest, *kmsg.OffsetCommitRequest, *kmsg.OffsetFetchRequest,
		*kmsg.JoinGroupRequest, *kmsg.SyncGroupRequest, *kmsg.LeaveGroupRequest, *kmsg.HeartbeatRequest:
		return true
	}
	return false
}

// accepted are the commits of r that the broker made, of its answer.
func (r *Request) accepted(res *kmsg.OffsetCommitResponse) []Commit {
	made := map[string]map[int32]bool{}
	for _, t := range res.Topics {
		made[t.Topic] = map[int32]bool{}
		for _, p := range t.Partitions {
			made[t.Topic][p.Partition] = p.ErrorCode == 0
		}
	}
	return slices.DeleteFunc(slices.Clone(r.Commits), func(c Commit) bool { return !made[c.Topic][c.Partition] })
}

// read reads the broker's answer, which begins behind its correlation id, and
// returns the commits that were made.
func (r *Request) read(answer []byte) ([]Commit, error) {
	if r.flexible {
		var err error
		if answer, err = skipTags(answer); err != nil {
			return nil, err
		}
	}
	res := r.body.ResponseKind()
	if err := res.ReadFrom(answer); err != nil {
		return nil, fmt.Errorf("answer to %s: %w", r.API, err)
	}
	r.Answer = answered(res)
	if c, ok := res.(*kmsg.OffsetCommitResponse); ok {
		return r.accepted(c), nil
	}
	return nil, nil
}

// skipTags passes over the tagged fields of a header.
func skipTags(b []byte) ([]byte, error) {
	count, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, errors.New("header ends in its tagged fields")
	}
	b = b[n:]
	for range count {
		_, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errors.New("header ends in its tagged fields")
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || uint64(len(b)-n-m) < size {
			return nil, errors.New("header ends in its tagged fields")
		}
		b = b[n+m+int(size):]
	}
	return b, nil
}
