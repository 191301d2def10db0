// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/internal/evaluator/source"
)

// How often a roster is looked at where nothing says so, and after trouble.
const (
	defaultCheck = 5 * time.Minute
	firstRetry   = 10 * time.Second
	// settle is how long a file must have been left alone before it is read: an
	// export is often still being written when it is first seen.
	settle = 5 * time.Second
)

// roster is what the loop knows of the source.
type roster struct {
	next   time.Time // look
	retry  backoff
	path   string // empty: there is none now
	mark   mark   // of what digest is the digest
	digest string // empty: not known yet
}

// mark changes when a file or one of a folder's files does.
type mark struct {
	files  int
	size   int64
	newest time.Time
	sum    int64 // of all modification times
}

func markOf(path string) (mark, error) {
	var m mark
	err := filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if e.Type()&fs.ModeSymlink == 0 || err != nil {
			info, err = e.Info()
		}
		if err != nil || info.IsDir() {
			return err
		}
		m.files++
		m.size += info.Size()
		m.sum += info.ModTime().UnixNano()
		if info.ModTime().After(m.newest) {
			m.newest = info.ModTime()
		}
		return nil
	})
	return m, err
}

func (d *District) check() time.Duration {
	if d.Assigned.Source.CheckSeconds > 0 {
		return time.Duration(d.Assigned.Source.CheckSeconds) * time.Second
	}
	return defaultCheck
}

// look brings the roster up to date and reports whether there is one to read.
func (d *District) look(ctx context.Context) bool {
	r := &d.roster
	now := d.Clock.Now()
	fail := func(err error) bool {
		if ctx.Err() != nil {
			return false
		}
		r.path = ""
		r.next = now.Add(r.retry.next(min(firstRetry, d.check()), d.check()))
		d.sourceFailed(err)
		return false
	}
	path, err := d.fetch.Look(ctx)
	if err != nil {
		return fail(err)
	}
	seen, err := markOf(path)
	if err != nil {
		return fail(&source.Error{Reason: source.Refused, Err: err})
	}
	if d.Assigned.Source.URL == "" && seen != r.mark && now.Sub(seen.newest) < settle && seen.newest.Before(now.Add(settle)) {
		r.path, r.next = "", now.Add(settle)
		return false
	}
	if seen != r.mark || r.digest == "" {
		digest, err := oneroster.Digest(path)
		if err != nil {
			return fail(err)
		}
		if again, err := markOf(path); err != nil || again != seen {
			return fail(errChanging)
		}
		r.mark, r.digest = seen, digest
		d.Log.Info("the roster was read", "digest", digest)
	}
	r.path, r.next = path, now.Add(d.check())
	r.retry.reset()
	d.sourceRead(now)
	return true
}

// errChanging: the roster was written to while it was read. Nothing was decided
// on it.
var errChanging = &source.Error{Reason: source.Invalid, Err: errors.New("the roster changed while it was read; write an export beside the old one and rename it when it is complete")}

// sourceRead reports a good look. A roster that was refused as too small stays
// reported until another one is there.
func (d *District) sourceRead(now time.Time) {
	r := &d.roster
	for _, p := range d.processes {
		if p.refuses(r.digest, now) {
			return
		}
	}
	s := d.State().Source
	if s.Looked && s.Reason == "" && s.Digest == r.digest {
		return
	}
	d.set(func(s *State) {
		if s.Source.Digest != r.digest {
			s.Source.Digest, s.Source.Read = r.digest, now
		}
		s.Source.Looked, s.Source.Reason, s.Source.Message = true, "", ""
	})
}

// sourceFailed reports why there is no roster.
func (d *District) sourceFailed(err error) {
	reason, message := source.Invalid, err.Error()
	var why *source.Error
	if errors.As(err, &why) {
		reason = why.Reason
	}
	if s := d.State().Source; s.Looked && s.Reason == reason && s.Message == message {
		return
	}
	d.Log.Warn("there is no roster to decide on; decisions made before stand", "reason", reason, "error", message)
	d.set(func(s *State) { s.Source.Looked, s.Source.Reason, s.Source.Message = true, reason, message })
}

// about is a count that does not tell one student from none.
func about(n int) string {
	if n < 10 {
		return "fewer than 10"
	}
	return fmt.Sprintf("about %d", (n+5)/10*10)
}
