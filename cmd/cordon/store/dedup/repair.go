// Package dedup repairs the engine's deduplication logs before it starts.
//
// A MergeTree table remembers the tokens of its last inserts in
// deduplication_logs/deduplication_log_N.txt. The engine (26.7) writes the
// record of a part before it makes the part visible by renaming it. A process
// killed in between leaves a record without rows, and the insert that is then
// repeated with its token, as it must be, is taken for a duplicate: its rows
// are lost for good. Repair takes such records back.
package dedup

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	logDir  = "deduplication_logs"
	opAdd   = "1"
	opDrop  = "2"
	logName = "deduplication_log_"
)

// Repair looks at every table below the engine's data directory, which no
// process may have open, and returns how many records it took back.
func Repair(engineDir string) (int, error) {
	tables, err := filepath.Glob(filepath.Join(engineDir, "store", "*", "*", logDir))
	if err != nil {
		return 0, fmt.Errorf("deduplication logs: %w", err)
	}
	total := 0
	for _, logs := range tables {
		n, err := repairTable(filepath.Dir(logs))
		if err != nil {
			return total, fmt.Errorf("deduplication log of table %s: %w", filepath.Dir(logs), err)
		}
		total += n
	}
	return total, nil
}

func repairTable(dir string) (int, error) {
	files, err := logFiles(filepath.Join(dir, logDir))
	if err != nil || len(files) == 0 {
		return 0, err
	}
	last := files[len(files)-1]
	if err := dropTorn(last); err != nil {
		return 0, err
	}
	records, err := live(files)
	if err != nil {
		return 0, err
	}
	parts, err := partsOf(dir)
	if err != nil {
		return 0, err
	}
	return takeBack(last, records, parts)
}

// takeBack appends a record that undoes each one whose part is not there: not
// as itself and not within a merged part.
func takeBack(file string, records []record, parts []part) (int, error) {
	var out bytes.Buffer
	n := 0
	for _, r := range records {
		if p, ok := parsePart(r.part); ok && !slices.ContainsFunc(parts, func(q part) bool { return q.covers(p) }) {
			fmt.Fprintf(&out, "%s\t%s\t%s\n", opDrop, r.part, r.block)
			n++
		}
	}
	if n == 0 {
		return 0, nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0) //nolint:gosec // found below the data directory
	if err != nil {
		return 0, err
	}
	if _, err := f.Write(out.Bytes()); err != nil {
		return 0, errors.Join(err, f.Close())
	}
	return n, errors.Join(f.Sync(), f.Close())
}

// record says that the block came into the table as the part.
type record struct{ part, block string }

// live returns the records that are not undone by a later one.
func live(files []string) ([]record, error) {
	byBlock := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name) //nolint:gosec // found below the data directory
		if err != nil {
			return nil, err
		}
		for sc := bufio.NewScanner(bytes.NewReader(text)); sc.Scan(); {
			f := strings.Split(sc.Text(), "\t")
			switch {
			case len(f) == 3 && f[0] == opAdd:
				byBlock[f[2]] = f[1]
			case len(f) == 3 && f[0] == opDrop:
				delete(byBlock, f[2])
			}
		}
	}
	records := make([]record, 0, len(byBlock))
	for block, part := range byBlock {
		records = append(records, record{part, block})
	}
	slices.SortFunc(records, func(a, b record) int { return cmp.Compare(a.block, b.block) })
	return records, nil
}

// logFiles returns the log's files, oldest first.
func logFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	type numbered struct {
		n    int
		path string
	}
	var found []numbered
	for _, e := range entries {
		number, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".txt"), logName)
		if n, err := strconv.Atoi(number); ok && err == nil {
			found = append(found, numbered{n, filepath.Join(dir, e.Name())})
		}
	}
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
	paths := make([]string, len(found))
	for i, f := range found {
		paths[i] = f.path
	}
	return paths, nil
}

// dropTorn cuts a last record that was not written whole; the engine would
// give up on all that follows it.
func dropTorn(file string) error {
	text, err := os.ReadFile(file) //nolint:gosec // found below the data directory
	if err != nil || len(text) == 0 || text[len(text)-1] == '\n' {
		return err
	}
	return os.Truncate(file, int64(bytes.LastIndexByte(text, '\n')+1))
}

// part is the range of blocks that a part holds.
type part struct {
	partition string
	min, max  int64
}

func (p part) covers(q part) bool {
	return p.partition == q.partition && p.min <= q.min && q.max <= p.max
}

// parsePart reads partition_min_max_level[_mutation].
func parsePart(name string) (part, bool) {
	f := strings.Split(name, "_")
	if len(f) != 4 && len(f) != 5 {
		return part{}, false
	}
	min, err1 := strconv.ParseInt(f[1], 10, 64)
	max, err2 := strconv.ParseInt(f[2], 10, 64)
	return part{f[0], min, max}, err1 == nil && err2 == nil
}

// partsOf returns the parts in a table's directory. Temporary ones, whose
// names begin with tmp_ or delete_tmp_, do not parse.
func partsOf(dir string) ([]part, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, e := range entries {
		if p, ok := parsePart(e.Name()); ok && e.IsDir() {
			parts = append(parts, p)
		}
	}
	return parts, nil
}
