// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/engine"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/pipeline"
)

type explainFlags struct {
	store    string
	decision string
	district string
	student  string
	process  string
	source   string
	language string
	format   string

	manifests manifestFlags
	evaluated evaluation
}

func newExplain(env *Environment) *cobra.Command {
	f := &explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain (--store DIR | -f PATH...) --district NAME (--student ID | --decision ID) [flags]",
		Short: "Explain one decision: rule, values, what was missing, why this rank",
		Long: `Replays one student and tells which rule decided and by what authority, which
values it read and where each came from, what was missing, why the rules before
it did not decide, and why the student has this rank.

With --store the decision is the one in the record, and it is said whether
deciding again gives the same. With -f it is what 'juncture run' gives for the
same manifests, roster, --at and --seed.`,
		Example: `  juncture explain --store record --district boston --student 4711 --process maths-tutoring
  juncture explain --store record --district boston --decision 5feceb66…
  juncture explain -f network/ --district boston --source export.zip --at 2026-09-01T02:00:00Z --student 4711 --language es`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.store, "store", "", "folder of the record")
	flags.StringVar(&f.district, "district", "", "name of the district (default: the only one there is)")
	flags.StringVar(&f.student, "student", "", "sourcedId of the student")
	flags.StringVar(&f.process, "process", "", "name of the process (default: the only one there is)")
	flags.StringVar(&f.decision, "decision", "", "with --store: id of the decision")
	flags.StringVar(&f.source, "source", "", "with -f: roster, ZIP_OR_DIR (default: what the district's manifest says)")
	flags.StringVar(&f.language, "language", "en", "language of the reason, such as es")
	flags.StringVarP(&f.format, "output", "o", formatText, "text or json")
	f.manifests.register(cmd)
	f.evaluated.register(cmd)
	return cmd
}

func (f *explainFlags) run(ctx context.Context, env *Environment) error {
	if err := f.check(); err != nil {
		return err
	}
	var explanation engine.Explanation
	var err error
	if f.store != "" {
		explanation, err = f.recorded(ctx, env)
	} else {
		explanation, err = f.decided(ctx, env)
	}
	if err != nil {
		return err
	}
	if f.format == formatJSON {
		err = writeJSON(env.Out, explanation)
	} else {
		f.sayLanguage(env, explanation.Reason)
		err = explanation.WriteText(env.Out, f.language)
	}
	if err == nil && !explanation.Replay.Same {
		return errReported
	}
	return err
}

// sayLanguage says which languages there are where the wanted one is not.
func (f *explainFlags) sayLanguage(env *Environment, texts map[string]string) {
	if _, there := texts[f.language]; there || len(texts) == 0 {
		return
	}
	languages := slices.Sorted(maps.Keys(texts))
	shown := languages[0]
	if _, there := texts["en"]; there {
		shown = "en"
	}
	fmt.Fprintf(env.Err, "the reason has no text in %q: it is shown in %s; there is %s\n", f.language, shown, strings.Join(languages, ", "))
}

func (f *explainFlags) check() error {
	fromStore, fromManifests := f.store != "", len(f.manifests.paths) > 0
	switch {
	case fromStore == fromManifests:
		return usage("say where the decision is: either --store DIR, or manifests with -f PATH")
	case (f.student == "") == (f.decision == ""):
		return usage("say which decision: either --student ID or --decision ID")
	case fromManifests && f.decision != "":
		return usage("--decision is looked up in a record: give --store DIR")
	case fromStore && (f.source != "" || f.evaluated.at != "" || f.evaluated.seed != ""):
		return usage("--source, --at and --seed are for -f; a record holds its own")
	}
	return checkFormat(f.format, formatText, formatJSON)
}

// recorded explains a decision of the record.
func (f *explainFlags) recorded(ctx context.Context, env *Environment) (e engine.Explanation, err error) {
	district, err := f.recordedDistrict()
	if err != nil {
		return e, err
	}
	record, err := ledger.Open(f.store, ledger.Options{District: district, ReadOnly: true})
	if errors.Is(err, os.ErrNotExist) {
		return e, fmt.Errorf("%s holds no record of district %s", f.store, district)
	}
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, record.Close()) }()

	id := f.decision
	if id == "" {
		if id, err = f.inForce(ctx, record); err != nil {
			return e, err
		}
	}
	found, evidence, err := record.Decision(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return e, fmt.Errorf("the record of district %s holds no such decision", district)
	}
	if err != nil {
		return e, err
	}
	proof := "the proof holds"
	err = evidence.Check(found.Record)
	if errors.Is(err, ledger.ErrNoLeaf) {
		// The record has compared the seals of the files that it read this from.
		proof, err = "proved by its run as a whole, whose seal holds", nil
	}
	if err != nil {
		return e, fmt.Errorf("the record does not prove this decision: %w; run juncture verify", err)
	}
	population, revision, err := record.Snapshot(ctx, evidence.Run.ID)
	if err != nil {
		return e, err
	}
	program, err := engine.Compile(revision)
	if err != nil {
		return e, err
	}
	row, known := slices.BinarySearch(population.IDs, found.Student)
	if !known {
		return e, errors.New("what the run read does not hold the student; run juncture verify")
	}
	if evidence.Run.Engine != engine.Version {
		fmt.Fprintf(env.Err, "decided by %s, replayed by %s\n", evidence.Run.Engine, engine.Version)
	}
	fmt.Fprintf(env.Err, "in the record: run %d of the district, row %d; %s; now %s\n", evidence.Run.Sequence, evidence.Row, proof, found.Current)
	return program.Explain(population, row, found.Record, evidence.Run.Seed)
}

func (f *explainFlags) recordedDistrict() (string, error) {
	if f.district != "" {
		return f.district, nil
	}
	districts, err := ledger.Districts(f.store)
	switch {
	case err != nil:
		return "", err
	case len(districts) == 0:
		return "", fmt.Errorf("%s holds no district's record", f.store)
	case len(districts) > 1:
		return "", usage("the record holds %d districts; choose one with --district", len(districts))
	}
	return districts[0], nil
}

// inForce is the id of the student's decision that counts now.
func (f *explainFlags) inForce(ctx context.Context, record ledger.Store) (string, error) {
	var found []ledger.Decision
	for d, err := range record.Decisions(ctx, ledger.Query{Process: f.process, Student: f.student, InForceOnly: true}) {
		if err != nil {
			return "", err
		}
		found = append(found, d)
	}
	switch len(found) {
	case 0:
		return "", errors.New("the record holds no decision in force about that student" + ofProcess(f.process))
	case 1:
		return found[0].ID, nil
	}
	var names []string
	for _, d := range found {
		names = append(names, d.Process)
	}
	return "", usage("several processes decided about that student: choose one of %s with --process", strings.Join(names, ", "))
}

func ofProcess(name string) string {
	if name == "" {
		return ""
	}
	return ", process " + name
}

// decided explains what a run without a record gives.
func (f *explainFlags) decided(ctx context.Context, env *Environment) (e engine.Explanation, err error) {
	t, err := f.tenant(env)
	if err != nil {
		return e, err
	}
	at, seed, err := f.evaluated.resolve(env, []tenant{*t})
	if err != nil {
		return e, err
	}
	if held := t.hold(at); len(held) > 0 {
		return e, errors.New(held[0].String())
	}
	in := t.input(at, seed)
	in.Workers = runtime.GOMAXPROCS(0)
	steps := newSteps(newBar(env.Err, barSteps, t.name))
	in.Progress = steps.of(0)
	out, err := pipeline.DistrictRun(ctx, in)
	steps.bar.clear()
	if err != nil {
		return e, fmt.Errorf("district %s: %w", notice{district: t.name, where: t.rosterAt(err)}.about(), err)
	}
	run := &out.Runs[0]
	if run.Err != nil {
		return e, run.Err
	}
	i, known := slices.BinarySearch(run.Batch.Decisions.Students, f.student)
	if !known {
		return e, fmt.Errorf("the roster of district %s holds no active student of that id", t.name)
	}
	return run.Program.Explain(run.Population, i, run.Batch.Decisions.Record(i), run.Seed)
}

// tenant is the one district, with the one process.
func (f *explainFlags) tenant(env *Environment) (*tenant, error) {
	network, err := f.manifests.read(env)
	if err != nil {
		return nil, err
	}
	for _, p := range network.problems {
		if !p.Warning {
			fmt.Fprintln(env.Err, p)
		}
	}
	if f.source != "" && f.district == "" && len(network.districts) != 1 {
		return nil, usage("--source: say with --district whose roster it is")
	}
	which := tenantFlags{}
	if f.district != "" {
		which.districts = []string{f.district}
	}
	if f.source != "" {
		name := f.district
		if name == "" {
			name = network.districts[0].Name
		}
		which.sources = []string{name + "=" + f.source}
	}
	if f.process != "" {
		which.processes = []string{f.process}
	}
	tenants, notes, err := which.tenants(network)
	if err != nil {
		return nil, err
	}
	switch {
	case len(tenants) == 0:
		notes.write(env.Err)
		return nil, errors.New("no process decides in this district")
	case len(tenants) > 1:
		return nil, usage("the manifests declare %d districts; choose one with --district", len(tenants))
	case len(tenants[0].due) > 1:
		return nil, usage("%d processes decide in district %s; choose one with --process", len(tenants[0].due), tenants[0].name)
	case tenants[0].unread != "":
		return nil, fmt.Errorf("district %s: %s", tenants[0].name, strings.ReplaceAll(tenants[0].unread, "--source DISTRICT=", "--source "))
	}
	return &tenants[0], nil
}
