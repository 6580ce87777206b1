package stream

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/cordon-iot/cordon"
)

const intentPrefix = "i:"

// intent is the metadata that announces batch.
func intent(batch []cordon.Record) string {
	return intentPrefix + strconv.FormatInt(batch[len(batch)-1].Position.Offset, 10)
}

// parseIntent returns the last offset of the batch that metadata announces, if
// it does.
func parseIntent(metadata string) (last int64, ok bool, err error) {
	if metadata == "" {
		return 0, false, nil
	}
	text, found := strings.CutPrefix(metadata, intentPrefix)
	last, err = strconv.ParseInt(text, 10, 64)
	if !found || err != nil || last < 0 {
		return 0, false, fmt.Errorf("offset metadata %.20q is not of this program: use another group, or reset the group's offsets", metadata)
	}
	return last, true, nil
}

// token names batch: where it stands in the log, and a hash of what it holds,
// so that a topic that was created anew does not repeat one.
func token(batch []cordon.Record) string {
	h := sha256.New()
	var n [8]byte
	for i := range batch {
		binary.BigEndian.PutUint64(n[:], uint64(batch[i].Position.Offset))
		h.Write(n[:])
		h.Write(batch[i].Value)
	}
	first, last := batch[0].Position, batch[len(batch)-1].Position.Offset
	return fmt.Sprintf("%s-%d/%s", first, last, hex.EncodeToString(h.Sum(nil)[:8]))
}
