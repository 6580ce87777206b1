package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// A snapshot is cut into chunks, one record each:
//
//	"cst1", length of the head as an unsigned varint, head as JSON, bytes
//
// Every chunk carries the whole head, so that those of two snapshots that were
// written over each other are told apart.

const (
	chunkMagic = "cst1"
	chunkBytes = 512 << 10 // below the limit of any broker; the publisher compresses
	mostHead   = 4 << 10
)

// head says what a snapshot is and where a chunk stands in it.
type head struct {
	Digest string `json:"digest"` // of the step that wrote it
	Offset int64  `json:"offset"` // of the first record that is not in the state
	Size   int64  `json:"size"`   // of the state
	Sum    string `json:"sha256"` // of the state
	Slot   int    `json:"slot"`   // 0 or 1: two snapshots are kept
	Chunk  int    `json:"chunk"`
	Chunks int    `json:"chunks"`
}

func newHead(digest string, offset int64, state []byte) head {
	sum := sha256.Sum256(state)
	return head{
		Digest: digest, Offset: offset, Size: int64(len(state)), Sum: hex.EncodeToString(sum[:]),
		Chunks: max(1, (len(state)+chunkBytes-1)/chunkBytes),
	}
}

// chunk returns the bytes of state that h is about.
func (h head) chunk(state []byte) []byte {
	from := h.Chunk * chunkBytes
	return state[from:min(from+chunkBytes, len(state))]
}

// encode returns the record of the chunk of state that h is about.
func (h head) encode(state []byte) ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	part := h.chunk(state)
	b := make([]byte, 0, len(chunkMagic)+binary.MaxVarintLen32+len(text)+len(part))
	b = append(b, chunkMagic...)
	b = binary.AppendUvarint(b, uint64(len(text)))
	b = append(b, text...)
	return append(b, part...), nil
}

var errNoChunk = errors.New("not a chunk of a snapshot")

// decodeChunk reads what encode wrote.
func decodeChunk(b []byte) (h head, part []byte, err error) {
	rest, ok := bytes.CutPrefix(b, []byte(chunkMagic))
	n, used := binary.Uvarint(rest)
	if !ok || used <= 0 || n > mostHead || int(n) > len(rest)-used {
		return head{}, nil, errNoChunk
	}
	rest = rest[used:]
	if err := json.Unmarshal(rest[:n], &h); err != nil {
		return head{}, nil, fmt.Errorf("%w: %w", errNoChunk, err)
	}
	part = rest[n:]
	if h.Size < 0 || h.Size > mostState || h.Chunks != max(1, int((h.Size+chunkBytes-1)/chunkBytes)) ||
		h.Chunk < 0 || h.Chunk >= h.Chunks || h.Slot < 0 || h.Slot > 1 ||
		int64(len(part)) != min(chunkBytes, h.Size-int64(h.Chunk)*chunkBytes) {
		return head{}, nil, errNoChunk
	}
	return h, part, nil
}

// identity is what the chunks of one snapshot have in common. Two snapshots of
// the same state are one.
func (h head) identity() head {
	h.Chunk, h.Slot = 0, 0
	return h
}

// gathered are the chunks of one snapshot that were found.
type gathered struct {
	head  head
	slot  int   // of the newest chunk
	begin int64 // where the first of them stands in the state topic
	parts [][]byte
	have  int
}

func (g *gathered) add(h head, part []byte) {
	if g.parts[h.Chunk] == nil {
		g.have++
	}
	g.parts[h.Chunk], g.slot = part, h.Slot
}

func (g *gathered) whole() bool { return g.have == len(g.parts) }

func (g *gathered) state() []byte { return bytes.Join(g.parts, nil) }

// sound reports whether the bytes are those that were written.
func (g *gathered) sound() bool {
	sum := sha256.New()
	for _, p := range g.parts {
		sum.Write(p)
	}
	return hex.EncodeToString(sum.Sum(nil)) == g.head.Sum
}
