// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows on a terminal how far long work is; elsewhere it shows nothing. Its
// methods may be called concurrently.
type bar struct {
	sync.Mutex
	shown *progressbar.ProgressBar
}

// newBar shows a bar of a total number of steps.
func newBar(w io.Writer, total int64, what string) *bar {
	if !isTerminal(w) {
		return &bar{}
	}
	return &bar{shown: progressbar.NewOptions64(max(1, total),
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true),
	)}
}

func (b *bar) set(done int64) {
	if b.shown == nil {
		return
	}
	b.Lock()
	defer b.Unlock()
	_ = b.shown.Set64(done) // a bar that cannot be drawn is no reason to stop
}

// clear takes the bar away, so that what is written next stands by itself.
func (b *bar) clear() {
	if b.shown == nil {
		return
	}
	b.Lock()
	defer b.Unlock()
	_ = b.shown.Clear()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// share shows done of total, of what is named.
func (b *bar) share(done, total int64, what string) {
	if b.shown == nil {
		return
	}
	b.Lock()
	defer b.Unlock()
	b.shown.Describe(what)
	b.shown.ChangeMax64(max(1, total))
	_ = b.shown.Set64(done)
}
