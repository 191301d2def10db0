// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/engine/export"
)

// recordFlags say how decision records are written and where.
type recordFlags struct {
	format string
	out    string
}

func (f *recordFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.format, "output", "o", "", "format: "+strings.Join(formats(), ", ")+" (default: by the ending of --out, else table)")
	cmd.Flags().StringVar(&f.out, "out", "", "file to write, as a whole or not at all (default: standard output)")
}

var endings = map[string]export.Format{
	".csv": export.CSV, ".json": export.JSON, ".jsonl": export.JSON, ".ndjson": export.JSON, ".parquet": export.Parquet, ".txt": export.Table,
}

// formats are all that a run can write.
func formats() []string { return append([]string{string(counts)}, export.Formats()...) }

// resolve is the format that is meant.
func (f *recordFlags) resolve(env *Environment) (export.Format, error) {
	format := export.Format(f.format)
	if format == "" {
		format = endings[strings.ToLower(filepath.Ext(f.out))]
	}
	if format == "" && f.out != "" {
		return "", usage("--out %s: say the format with -o", f.out)
	}
	if format == "" {
		format = export.Table
	}
	if !slices.Contains(formats(), string(format)) {
		return "", usage("-o %s: write one of %s", f.format, strings.Join(formats(), ", "))
	}
	if format == export.Parquet && f.out == "" && isTerminal(env.Out) {
		return "", usage("-o parquet is nothing for a terminal; name a file with --out")
	}
	if info, err := os.Stat(f.out); f.out != "" && err == nil && info.IsDir() {
		return "", usage("--out %s is a folder; name a file", f.out)
	}
	return format, nil
}

// output is where a result goes. A file appears under its name when it is whole,
// and replaces one that was there.
type output struct {
	*bufio.Writer
	file *os.File // nil for standard output
	name string
}

func newOutput(env *Environment, name string) (*output, error) {
	if name == "" {
		return &output{Writer: bufio.NewWriterSize(env.Out, 1<<16)}, nil
	}
	if err := sweep(name); err != nil {
		fmt.Fprintf(env.Err, "--out %s: a run that was killed left students' decisions, which cannot be removed: %v\n", name, err)
	}
	f, err := createPartial(name)
	if err != nil {
		return nil, fmt.Errorf("--out %s: %w", name, err)
	}
	return &output{Writer: bufio.NewWriterSize(f, 1<<16), file: f, name: name}, nil
}

// Names of files that are not whole yet: a dot, the name they get, a number, and
// this ending, which no file of the user's has.
const partialEnding = ".juncture-partial"

// createPartial makes a file beside the one of that name, readable by its owner
// only and locked for as long as it is open, and so while its process lives.
func createPartial(name string) (f *os.File, err error) {
	for range 10 {
		if f, err = os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*"+partialEnding); err != nil {
			return nil, err
		}
		if err = lock(f); err == nil && isAt(f, f.Name()) {
			return f, nil
		}
		// Another run that sweeps came in between, and takes it away.
		err = errors.Join(err, f.Close())
		_ = os.Remove(f.Name())
	}
	return nil, errors.Join(errors.New("the file that is being written is taken away"), err)
}

// sweep removes what runs to the same name left when they were killed: files of
// our pattern that no process has locked. They are removed while we have the
// lock, so that nobody takes one up meanwhile.
func sweep(name string) error {
	dir := filepath.Dir(name)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // making the file tells
	}
	partial := regexp.MustCompile(`^` + regexp.QuoteMeta("."+filepath.Base(name)+".") + `[0-9]+` + regexp.QuoteMeta(partialEnding) + `$`)
	var errs []error
	for _, e := range entries {
		if e.Type().IsRegular() && partial.MatchString(e.Name()) {
			errs = append(errs, removeFree(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// removeFree removes a file unless a process has it locked.
func removeFree(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if lock(f) != nil || !isAt(f, path) {
		return nil // its run goes on, or has just ended
	}
	return os.Remove(path)
}

// isAt reports whether a path still names an open file.
func isAt(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(open, there)
}

// finish completes the output.
func (o *output) finish() error {
	if err := o.Flush(); err != nil || o.file == nil {
		return errors.Join(err, o.discard())
	}
	// Decisions are about children: nobody but their owner reads them by default.
	err := errors.Join(o.file.Sync(), o.file.Close())
	if err == nil {
		err = os.Rename(o.file.Name(), o.name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("--out %s: %w", o.name, err), os.Remove(o.file.Name()))
	}
	o.file = nil
	return nil
}

// discard takes away what is not complete.
func (o *output) discard() error {
	if o.file == nil {
		return nil
	}
	name := o.file.Name()
	_ = o.file.Close()
	o.file = nil
	if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

var _ io.Writer = (*output)(nil)
