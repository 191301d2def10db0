// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/engine/allocate"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/pipeline"
)

// evaluation is what decisions depend on beside manifests and rosters.
type evaluation struct {
	at   string
	seed string
}

func (e *evaluation) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&e.at, "at", "", "instant of evaluation, RFC 3339: facts dated after it are not seen (default: now)")
	cmd.Flags().StringVar(&e.seed, "seed", "", "seed of lotteries whose policy publishes none, hexadecimal (default: 32 zero bytes)")
}

// zeroSeed stands in where a lottery decides and nobody gave a seed. It is not
// drawn, so that the same command gives the same bytes; everybody can know it,
// so that it is fit for trying out only.
var zeroSeed = make([]byte, 32)

// resolve is the instant and the seed. Where the seed decides and none was
// given, or the instant is the clock's, it says so, with how to say it again.
func (e *evaluation) resolve(env *Environment, tenants []tenant) (at time.Time, seed []byte, err error) {
	if e.seed != "" {
		if seed, err = parseSeed(e.seed, publicSeed); err != nil {
			return at, nil, usage("--seed: %w", err)
		}
	}
	if at, err = e.instant(env); err != nil || seed != nil {
		return at, seed, err
	}
	if drawn := lotteries(tenants); len(drawn) > 0 {
		fmt.Fprintf(env.Err, "WARNING: a lottery breaks ties in %s, and no seed was given. Using 32 zero bytes,\n"+
			"which anybody can know beforehand. For places that count, draw one in public and give it:\n  --seed $(openssl rand -hex 32)\n",
			strings.Join(drawn, ", "))
		seed = zeroSeed
	}
	return at, seed, nil
}

func (e *evaluation) instant(env *Environment) (time.Time, error) {
	if e.at == "" {
		now := env.Now().UTC().Truncate(time.Second)
		fmt.Fprintf(env.Err, "evaluated at %s; to run the same again: --at %[1]s\n", now.Format(time.RFC3339))
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, e.at)
	if err != nil {
		return at, usage("--at %s: write an instant as in 2026-09-01T02:00:00Z", e.at)
	}
	return at.UTC(), nil
}

// lotteries are the processes where a lottery may decide and no seed is
// published.
func lotteries(tenants []tenant) []string {
	var names []string
	seen := map[bundle.Digest]bool{}
	for _, t := range tenants {
		for _, p := range t.due {
			policy := p.program.Bundle().Priority
			if policy == nil || policy.Capacity == nil || seen[p.program.Digest()] {
				continue
			}
			seen[p.program.Digest()] = true
			if _, err := allocate.Seed(policy, nil); err != nil {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// publicSeed is the least length of a lottery's seed, in bytes, as for one that
// a policy publishes: shorter ones are all tried out in no time, by anybody who
// looks for the one that a student wins with.
const publicSeed = 8

// parseSeed reads a seed of at least so many bytes.
func parseSeed(s string, least int) ([]byte, error) {
	seed, err := hex.DecodeString(s)
	switch {
	case err != nil:
		return nil, errors.New("write an even number of the digits 0-9 and a-f")
	case len(seed) < least || len(seed) > 64:
		return nil, fmt.Errorf("write %d to 64 bytes, two digits each", least)
	}
	return seed, nil
}

type runFlags struct {
	manifests manifestFlags
	tenants   tenantFlags
	evaluated evaluation
	records   recordFlags
	store     string
	workers   int
	quiet     bool
}

func newRun(env *Environment) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run -f PATH... [--source DISTRICT=ZIP_OR_DIR]... [flags]",
		Short: "Decide about the students of districts",
		Long: `Runs the processes of the manifests on the districts that they select, and writes
one line a decision, ordered by district, process and student.

A district's roster is the path of --source, else what its manifest says. A
--source for a district that no manifest declares makes one of that name, in
UTC and without labels. A district that cannot be read or decided does not
stop the others; the exit code is then 1.

The same manifests, rosters, --at and --seed give the same bytes, whatever
--workers is and whether a roster is a zip or a folder. With --store the
decisions are recorded as an evaluator would: those who hold a seat by an
earlier run keep it, and a run that is recorded already is not decided again:
its decisions are given from the record. The exit code is then 1 where another
run has superseded them since, or where the roster is not the one that they were
made from.`,
		Example: `  juncture run -f network/ --at 2026-09-01T02:00:00Z
  juncture run -f network/ --source boston=export.zip --district boston -o csv
  juncture run -f network/ --at 2026-09-01T02:00:00Z --seed 5eed5eed5eed5eed --store record --out decisions.parquet`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	f.manifests.register(cmd)
	f.tenants.register(cmd)
	f.evaluated.register(cmd)
	f.records.register(cmd)
	cmd.Flags().StringVar(&f.store, "store", "", "folder of the record; it is made if need be (default: none is kept)")
	cmd.Flags().IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "how much is done at once; no output depends on it")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no summary")
	return cmd
}

func (f *runFlags) run(ctx context.Context, env *Environment) error {
	if f.workers < 1 {
		return usage("--workers %d: write 1 or more", f.workers)
	}
	format, err := f.records.resolve(env)
	if err != nil {
		return err
	}
	network, tenants, err := f.selected(env)
	if err != nil {
		return err
	}
	at, seed, err := f.evaluated.resolve(env, tenants)
	if err != nil {
		return err
	}
	s := &summary{at: at, seed: seed, began: env.Now()}
	for i := range tenants {
		s.hold(&tenants[i])
	}
	out, err := newOutput(env, f.records.out)
	if err != nil {
		return err
	}
	defer out.discard() //nolint:errcheck // what matters was said by finish

	err = f.decide(ctx, env, tenants, at, seed, format, out, s)
	s.notices.write(env.Err)
	if err != nil {
		return err
	}
	if err := f.finish(env, out, s); err != nil {
		return err
	}
	if s.amiss() || network.faults() > 0 {
		return errReported
	}
	return nil
}

// selected is the network of the manifests, and the tenants that are run. It
// says what is wrong with the one, and what is passed over of the other.
func (f *runFlags) selected(env *Environment) (*network, []tenant, error) {
	network, err := f.manifests.read(env)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range network.problems {
		fmt.Fprintln(env.Err, p)
	}
	tenants, notes, err := f.tenants.tenants(network)
	if err != nil {
		return nil, nil, err
	}
	notes.write(env.Err)
	if len(tenants) == 0 {
		return nil, nil, errors.New("there is nothing to decide: no sound process that runs selects a district")
	}
	return network, tenants, nil
}

// finish completes the output, and sums the run up. Where nothing was decided
// and something went wrong, a result that was there before stays.
func (f *runFlags) finish(env *Environment, out *output, s *summary) error {
	if s.decisions > 0 || !s.amiss() {
		if err := out.finish(); err != nil {
			return err
		}
	}
	if !f.quiet {
		s.write(env.Err, env.Now())
	}
	return nil
}

// decide runs the tenants and writes their records in order.
func (f *runFlags) decide(ctx context.Context, env *Environment, tenants []tenant, at time.Time, seed []byte, format export.Format, w io.Writer, s *summary) error {
	written, err := newSink(format, w, tenants)
	if err != nil {
		return err
	}
	progress := newBar(env.Err, int64(len(tenants))*barSteps, "districts")
	defer progress.clear()
	steps := newSteps(progress)
	for i, result := range inOrder(ctx, len(tenants), f.workers, func(ctx context.Context, i int) districtResult {
		return f.district(ctx, env, &tenants[i], at, seed, len(tenants), steps.of(i))
	}) {
		if err := ctx.Err(); err != nil {
			return err
		}
		progress.clear()
		s.add(&tenants[i], &result)
		for i := range result.Runs {
			if result.Runs[i].Batch == nil {
				continue
			}
			if err := written.add(&result.Runs[i]); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return written.close()
}

// columns are the result fields of all processes that are run.
func columns(tenants []tenant) []export.Column {
	var bundles []*bundle.Bundle
	seen := map[bundle.Digest]bool{}
	for _, t := range tenants {
		for _, p := range t.due {
			if digest := p.program.Digest(); !seen[digest] {
				seen[digest] = true
				bundles = append(bundles, p.program.Bundle())
			}
		}
	}
	return export.Columns(bundles...)
}

// districtResult is what the run of a district gave, and why it stopped.
type districtResult struct {
	pipeline.Output
	err error
	// differs says of runs that were taken from the record why they are not what
	// was asked for.
	differs notices
}

// district runs one tenant.
func (f *runFlags) district(ctx context.Context, env *Environment, t *tenant, at time.Time, seed []byte, tenants int, progress func(pipeline.Progress)) (r districtResult) {
	if t.unread != "" {
		r.err = errors.New(t.unread)
		return r
	}
	in := t.input(at, seed)
	in.Workers = max(1, f.workers/tenants)
	in.Progress = progress
	if f.store != "" {
		record, err := ledger.Open(f.store, ledger.Options{District: t.name, Entropy: env.Entropy})
		if err != nil {
			r.err = err
			return r
		}
		defer func() { r.err = errors.Join(r.err, record.Close()) }()
		in.Ledger = record
		if in.Due, r.Runs, r.err = t.forward(ctx, record, at); r.err != nil {
			return r
		}
	}
	backward := r.Runs
	r.Output, r.err = pipeline.DistrictRun(ctx, in)
	for i := range r.Runs {
		if run := &r.Runs[i]; run.Err == nil && !bytes.Equal(run.Seed, seed) {
			run.Batch = nil
			run.Err = fmt.Errorf("process %s: for this instant the record holds a run with another seed, and a lottery is not drawn twice; give --seed %x, or another --at", run.Process(), run.Seed)
		}
	}
	if in.Ledger != nil && r.err == nil {
		r.differs, r.err = t.differences(ctx, in.Ledger, r.Runs)
	}
	r.Runs = append(r.Runs, backward...)
	return r
}

// input is what the tenant's run depends on.
func (t *tenant) input(at time.Time, seed []byte) pipeline.Input {
	in := pipeline.Input{District: t.name, Source: t.source, Zone: t.zone, At: at, Seed: seed}
	for _, p := range t.due {
		in.Due = append(in.Due, pipeline.Due{Program: p.program, Trigger: trigger(at)})
	}
	return in
}

func trigger(at time.Time) string { return "request/" + at.Format(time.RFC3339Nano) }

// inOrder does n pieces of work, some at once, and yields their results in
// order. Results wait for those before them in bounded number.
func inOrder[T any](ctx context.Context, n, workers int, work func(context.Context, int) T) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results := make([]chan T, n)
		for i := range results {
			results[i] = make(chan T, 1)
		}
		ahead := make(chan struct{}, 2*workers)
		busy := make(chan struct{}, workers)
		var all sync.WaitGroup
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range n {
				select {
				case ahead <- struct{}{}:
				case <-ctx.Done():
					return
				}
				busy <- struct{}{}
				all.Add(1)
				go func() {
					defer all.Done()
					results[i] <- work(ctx, i)
					<-busy
				}()
			}
		}()
		defer all.Wait()
		defer cancel()
		for i := range n {
			select {
			case r := <-results[i]:
				<-ahead
				if !yield(i, r) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// barSteps is how finely the bar shows a district.
const barSteps = 1000

// steps sums up the progress of several districts.
type steps struct {
	sync.Mutex
	bar  *bar
	done map[int]int64
	sum  int64
}

func newSteps(b *bar) *steps { return &steps{bar: b, done: map[int]int64{}} }

// of is the progress of one district: half for reading, half for the rest.
func (s *steps) of(i int) func(pipeline.Progress) {
	return func(p pipeline.Progress) {
		done := barSteps / 2 * p.Done / max(1, p.Total)
		if p.Stage != pipeline.Reading {
			done += barSteps / 2
		}
		s.Lock()
		defer s.Unlock()
		if done > s.done[i] {
			s.sum += done - s.done[i]
			s.done[i] = done
			s.bar.set(s.sum)
		}
	}
}
