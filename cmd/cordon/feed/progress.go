package feed

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/cordon-iot/cordon/cmd/cordon/show"
)

const (
	drawEvery = 200 * time.Millisecond
	tellEvery = 5 * time.Second
)

// progress tells how far a feed has come, as a bar on a terminal and as a line
// now and then elsewhere.
type progress struct {
	w     io.Writer
	in    *Input
	count *Counter
	now   func() time.Time
	begun time.Time
	bar   *progressbar.ProgressBar // nil: lines

	done chan struct{}
	wg   sync.WaitGroup
}

// watch starts to tell until stop is called.
func watch(w io.Writer, in *Input, count *Counter, now func() time.Time) *progress {
	p := &progress{w: w, in: in, count: count, now: now, begun: now(), done: make(chan struct{})}
	every := tellEvery
	if show.Terminal(w) {
		p.bar, every = newBar(w, in), drawEvery
	}
	p.wg.Go(func() { p.run(every) })
	return p
}

func newBar(w io.Writer, in *Input) *progressbar.ProgressBar {
	size := in.Size
	if size == 0 {
		size = -1 // a spinner
	}
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(24), progressbar.OptionThrottle(drawEvery/2),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionSetPredictTime(true), progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetTheme(progressbar.ThemeUnicode))
}

func (p *progress) run(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-tick.C:
			p.tell()
		}
	}
}

func (p *progress) tell() {
	if p.bar == nil {
		fmt.Fprintf(p.w, "  %s%s\n", p.figures(), p.eta())
		return
	}
	p.bar.Describe("  " + p.figures())
	_ = p.bar.Set64(p.in.Passed()) // an output that is gone stops nothing
}

func (p *progress) figures() string {
	t := p.count.Totals()
	rate := float64(t.Records) / max(p.now().Sub(p.begun).Seconds(), 1e-3)
	return fmt.Sprintf("%s records  %s MB  %s/s", grouped(t.Records), megabytes(t.Bytes), grouped(int64(rate)))
}

// eta is when the file will have been read at the rate so far.
func (p *progress) eta() string {
	passed := p.in.Passed()
	if p.in.Size == 0 || passed == 0 {
		return ""
	}
	left := float64(p.in.Size-passed) / float64(passed) * float64(p.now().Sub(p.begun))
	return fmt.Sprintf("  %d %%  %s left", passed*100/p.in.Size, time.Duration(left).Round(time.Second))
}

func (p *progress) stop() {
	close(p.done)
	p.wg.Wait()
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }

// grouped writes n in groups of three digits.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
