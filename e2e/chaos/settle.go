package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cordon-iot/cordon"
	"github.com/cordon-iot/cordon/cmd/cordon/lag"
	"github.com/cordon-iot/cordon/e2e/chaos/check"
)

// kept are the topics whose records become rows.
func (w *world) kept() []string {
	return []string{w.topics.Events(), w.topics.Rejected(), w.topics.Findings(), w.topics.Actions()}
}

// settle waits until the services have done all that is in the log and no
// quarantine is open. After limit it says what is left.
func (w *world) settle(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	k, err := newKafka(w.brokers)
	if err != nil {
		return err
	}
	defer k.close()
	return poll(ctx, 500*time.Millisecond, func() error {
		ask, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := w.behind(ask, k); err != nil {
			return err
		}
		if err := w.rowsMissing(ask, k); err != nil {
			return err
		}
		return w.unfinished(ctx)
	})
}

// behind says which group has not done what, if any has not.
func (w *world) behind(ctx context.Context, k kafka) error {
	var left []string
	for _, stage := range lag.Stages(w.topics) {
		for g, topics := range stage.Groups {
			ends, err := k.ends(ctx, topics...)
			if err != nil {
				return err
			}
			commits, err := k.committed(ctx, g, topics)
			if err != nil {
				return err
			}
			for _, c := range commits {
				w.ledger.ask("settle", c)
				ends[c.Topic][c.Partition] -= c.Offset
			}
			for _, t := range topics {
				for p, n := range ends[t] {
					if n > 0 {
						left = append(left, fmt.Sprintf("group %s: %s/%d: %d left", g, t, p, n))
					}
				}
			}
		}
	}
	if len(left) > 0 {
		slices.Sort(left)
		return errors.New(strings.Join(left, "; "))
	}
	return nil
}

// rowsMissing says which table has not as many rows as its topic has records.
func (w *world) rowsMissing(ctx context.Context, k kafka) error {
	ends, err := k.ends(ctx, w.kept()...)
	if err != nil {
		return err
	}
	for topic, parts := range ends {
		var records int64
		for _, n := range parts {
			records += n
		}
		rows := int64(-1)
		err := w.query(ctx, "SELECT count() FROM "+w.topics.Word(topic), func(row []string) error {
			rows, err = strconv.ParseInt(row[0], 10, 64)
			return err
		})
		if err != nil {
			return err
		}
		if rows < records {
			return fmt.Errorf("topic %s has %d records, its table %d rows", topic, records, rows)
		}
	}
	return nil
}

// unfinished says how many actions have not ended.
func (w *world) unfinished(ctx context.Context) error {
	k, err := newKafka(w.brokers)
	if err != nil {
		return err
	}
	defer k.close()
	last := map[cordon.ActionID]cordon.ActionState{}
	seen := map[string]bool{}
	err = k.read(ctx, w.topics.Actions(), func(r *kgo.Record) error {
		a, err := cordon.ActionOf(record(r))
		if id := a.RecordID(); !seen[id] { // the first one counts
			seen[id], last[a.ID] = true, a.State
		}
		return err
	})
	if err != nil {
		return err
	}
	open := 0
	for s := range maps.Values(last) {
		if s != cordon.Released && s != cordon.ApplyFailed {
			open++
		}
	}
	if open > 0 {
		return fmt.Errorf("%d actions have not ended", open)
	}
	return nil
}

// query calls f with every row of the answer to sql.
func (w *world) query(ctx context.Context, sql string, f func([]string) error) error {
	u, err := url.Parse(w.dsn["reader"])
	if err != nil {
		return err
	}
	user := u.User
	u.User, u.Path = nil, "/"
	u.RawQuery = url.Values{"database": {"cordon"}, "query": {sql + " FORMAT TSV"}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	password, _ := user.Password()
	req.SetBasicAuth(user.Username(), password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
		return fmt.Errorf("%s: %s: %s", sql, res.Status, b)
	}
	r := csv.NewReader(res.Body)
	r.Comma, r.ReuseRecord = '\t', true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// rows are all rows with the records that they are of.
func (w *world) rows(ctx context.Context) ([]check.Row, error) {
	var all []check.Row
	names := map[string]string{} // one string a topic
	for _, topic := range w.kept() {
		table := w.topics.Word(topic)
		err := w.query(ctx, "SELECT topic, kafka_partition, kafka_offset FROM "+table, func(row []string) error {
			p, err := strconv.ParseInt(row[1], 10, 32)
			o, err2 := strconv.ParseInt(row[2], 10, 64)
			t, ok := names[row[0]]
			if !ok {
				t = strings.Clone(row[0])
				names[t] = t
			}
			all = append(all, check.Row{Table: table, Place: check.Place{Topic: t, Partition: int32(p), Offset: o}})
			return errors.Join(err, err2)
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
