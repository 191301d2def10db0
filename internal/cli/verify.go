// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/engine/ledger"
)

func newVerify(env *Environment) *cobra.Command {
	var store, format string
	var districts []string
	var workers int
	cmd := &cobra.Command{
		Use:   "verify --store DIR [--district NAME]... [flags]",
		Short: "Recompute the record: every file, leaf, root and link",
		Long: `Recomputes the record of each district in a store and tells every fault with its
place. It only reads. What was cut off at the end shows by the head alone:
compare it with one that was kept elsewhere.`,
		Example: "  juncture verify --store record\n  juncture verify --store record --district boston -o json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if store == "" {
				return usage("name the record with --store DIR")
			}
			if err := checkFormat(format, formatText, formatJSON); err != nil {
				return err
			}
			if workers < 1 {
				return usage("--workers %d: write 1 or more", workers)
			}
			reports, err := verify(cmd.Context(), env, store, districts, workers)
			if err != nil {
				return err
			}
			return writeReports(env, reports, format)
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the record")
	cmd.Flags().StringSliceVar(&districts, "district", nil, "only these districts (default: all)")
	cmd.Flags().StringVarP(&format, "output", "o", formatText, "text or json")
	cmd.Flags().IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "how many districts are verified at once; no output depends on it")
	return cmd
}

// verify verifies districts, some at once, and reports in their order.
func verify(ctx context.Context, env *Environment, store string, districts []string, workers int) ([]ledger.Report, error) {
	progress := newBar(env.Err, 1, "runs")
	defer progress.clear()
	tell := func(p ledger.Progress) { progress.share(int64(p.Done), int64(p.Total), p.District) }
	if len(districts) == 0 {
		var err error
		if districts, err = recordsIn(store); err != nil {
			return nil, err
		}
	}
	for _, d := range districts {
		if _, err := os.Stat(filepath.Join(store, d)); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s holds no record of district %s", store, d)
		}
	}
	type verified struct {
		ledger.Report
		err error
	}
	var reports []ledger.Report
	for _, v := range inOrder(ctx, len(districts), workers, func(ctx context.Context, i int) verified {
		r, err := ledger.VerifyDistrict(ctx, store, districts[i], tell)
		return verified{r, err}
	}) {
		if v.err != nil {
			return reports, v.err
		}
		reports = append(reports, v.Report)
	}
	return reports, ctx.Err()
}

// recordsIn are the districts that have a record, or what is left of one: where
// the live state is gone and segments are not, somebody must hear of it.
func recordsIn(store string) ([]string, error) {
	districts, err := ledger.Districts(store)
	if err != nil {
		return nil, err
	}
	segments, err := filepath.Glob(filepath.Join(store, "*", "segments"))
	if err != nil {
		return nil, err
	}
	for _, s := range segments {
		districts = append(districts, filepath.Base(filepath.Dir(s)))
	}
	slices.Sort(districts)
	if districts = slices.Compact(districts); len(districts) == 0 {
		return nil, fmt.Errorf("%s holds no district's record", store)
	}
	return districts, nil
}

// reportJSON is a report for programs to read.
type reportJSON struct {
	District  string         `json:"district"`
	Whole     bool           `json:"whole"`
	Runs      int            `json:"runs"`
	Decisions int            `json:"decisions"`
	Head      string         `json:"head"`
	Faults    []ledger.Fault `json:"faults"`
	Notes     []ledger.Fault `json:"notes"`
}

func writeReports(env *Environment, reports []ledger.Report, format string) error {
	var runs, decisions, faults int
	list := []reportJSON{}
	for _, r := range reports {
		runs, decisions, faults = runs+r.Runs, decisions+r.Decisions, faults+len(r.Faults)
		list = append(list, reportJSON{
			District: r.District, Whole: r.Whole(), Runs: r.Runs, Decisions: r.Decisions, Head: r.Head.String(),
			Faults: append([]ledger.Fault{}, r.Faults...), Notes: append([]ledger.Fault{}, r.Notes...),
		})
	}
	if format == formatJSON {
		if err := writeJSON(env.Out, list); err != nil {
			return err
		}
	} else {
		for _, r := range list {
			writeFaults(env.Out, "FAULT", r.District, r.Faults)
			writeFaults(env.Out, "note ", r.District, r.Notes)
			fmt.Fprintf(env.Out, "%s: %s, %s, head %s\n", r.District, count(r.Runs, "run"), count(r.Decisions, "decision"), r.Head)
		}
		verdict := "the record is whole"
		if faults > 0 {
			verdict = "THE RECORD IS NOT WHOLE"
		}
		fmt.Fprintf(env.Out, "%s: %s, %s, %s, %s\n", verdict, count(len(list), "district"), count(runs, "run"), count(decisions, "decision"), count(faults, "fault"))
	}
	if faults > 0 {
		return errReported
	}
	return nil
}

// maxFaults is how many faults of one district are told as text, for people. A
// file that cannot be trusted can mean a fault for each of its rows.
const maxFaults = 50

func writeFaults(w io.Writer, kind, district string, faults []ledger.Fault) {
	for i, f := range faults {
		if i == maxFaults {
			fmt.Fprintf(w, "%s %s: and %d more; -o json tells all\n", kind, district, len(faults)-i)
			return
		}
		fmt.Fprintf(w, "%s %s: %s\n", kind, district, f)
	}
}
