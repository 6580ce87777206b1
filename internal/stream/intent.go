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

// intent announces the insert of a batch in the metadata of an offset commit.
// Its text form is "i:<last>", or "i:<last>:<attempt>" from the second attempt
// on.
type intent struct {
	last    int64 // offset of the batch's last record
	attempt int   // tokens that the sink took without keeping the rows
}

func intentOf(batch []cordon.Record, attempt int) intent {
	return intent{batch[len(batch)-1].Position.Offset, attempt}
}

// String returns the text form.
func (i intent) String() string {
	s := intentPrefix + strconv.FormatInt(i.last, 10)
	if i.attempt > 0 {
		s += ":" + strconv.Itoa(i.attempt)
	}
	return s
}

// parseIntent returns the batch that metadata announces, if it does.
func parseIntent(metadata string) (i intent, ok bool, err error) {
	if metadata == "" {
		return intent{}, false, nil
	}
	text, found := strings.CutPrefix(metadata, intentPrefix)
	last, attempt, again := strings.Cut(text, ":")
	i.last, err = strconv.ParseInt(last, 10, 64)
	if err == nil && again {
		i.attempt, err = strconv.Atoi(attempt)
	}
	if !found || err != nil || i.last < 0 || again && i.attempt < 1 {
		return intent{}, false, fmt.Errorf("offset metadata %.20q is not of this program: use another group, or reset the group's offsets", metadata)
	}
	return i, true, nil
}

// token names batch: where it stands in the log, and a hash of what it holds,
// so that a topic that was created anew does not repeat one. Further attempts
// have a name of their own. Headers do not count: the trace context in them
// tells nothing about what is stored.
func token(batch []cordon.Record, attempt int) string {
	h := sha256.New()
	var n [8]byte
	for i := range batch {
		binary.BigEndian.PutUint64(n[:], uint64(batch[i].Position.Offset))
		h.Write(n[:])
		h.Write(batch[i].Value)
	}
	first, last := batch[0].Position, batch[len(batch)-1].Position.Offset
	t := fmt.Sprintf("%s-%d/%s", first, last, hex.EncodeToString(h.Sum(nil)[:8]))
	if attempt > 0 {
		t += "/" + strconv.Itoa(attempt)
	}
	return t
}
