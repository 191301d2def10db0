// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/juncture-dev/juncture/internal/synthetic"
)

func newGenerate(env *Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Generate data to try processes on",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newGenerateState(env))
	return cmd
}

// studentsPerDistrict is the mean of districts in the United States, about.
const studentsPerDistrict = 3500

type generateFlags struct {
	out       string
	from      string
	students  int
	districts int
	scale     float64
	seed      string
	version   string
	year      int
	workers   int
	manifests districtManifests
}

func newGenerateState(env *Environment) *cobra.Command {
	f := &generateFlags{}
	cmd := &cobra.Command{
		Use:   "state --out DIR (--students N | --districts N | --from schools.csv) [flags]",
		Short: "Generate a state of invented students as OneRoster packages, one zip a district",
		Long: `Generates a state of invented students: districts of realistic, heavy-tailed
sizes, schools, classes, enrolments, scores, attendance and demographics. No
student in it is real.

--from shapes the state after a table of real schools in the layout of the
Massachusetts file of the data-edu collection; --students or --scale then
takes a share of it. Without it, district sizes are drawn.

The same flags give the same bytes. districts.csv lists what was generated;
--manifests adds districts.yaml, a District for each that has students.`,
		Example: `  juncture generate state --out state --students 100000
  juncture generate state --out state --from schools.csv --scale 0.01 --oneroster 1.2
  juncture generate state --out state --districts 12 --manifests --namespace demo --label state=xx`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, env) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "folder for the packages; it is made if need be")
	flags.StringVar(&f.from, "from", "", "table of schools (CSV) to shape the state after")
	flags.IntVar(&f.students, "students", 0, "students in all")
	flags.IntVar(&f.districts, "districts", 0, fmt.Sprintf("districts (default: one for %d students)", studentsPerDistrict))
	flags.Float64Var(&f.scale, "scale", 0, "with --from: share of its students, above 0 and at most 1 (default 1)")
	flags.StringVar(&f.seed, "seed", "00", "what all draws derive from, hexadecimal; another seed gives another state")
	flags.StringVar(&f.version, "oneroster", synthetic.Version11, "version of OneRoster CSV, 1.1 or 1.2")
	flags.IntVar(&f.year, "school-year", 2025, "year in which the school year begins")
	flags.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "districts generated at once; the output does not depend on it")
	f.manifests.register(flags)
	return cmd
}

func (f *generateFlags) run(cmd *cobra.Command, env *Environment) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	if err := f.manifests.check(); err != nil {
		return err
	}
	shape, err := f.shape(options)
	if err != nil {
		return err
	}
	if f.from != "" && f.students > 0 {
		options.Scale = min(1, float64(f.students)/float64(max(1, shape.Enrolment())))
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil { //nolint:gosec // nobody in it is real
		return err
	}
	return f.write(cmd.Context(), env, shape, *options)
}

func (f *generateFlags) write(ctx context.Context, env *Environment, shape synthetic.Shape, options synthetic.Options) error {
	progress := newBar(env.Err, int64(shape.Enrolment()), "students")
	districts, err := synthetic.Generate(ctx, shape, options, synthetic.Dir(f.out), func(done, total int) {
		progress.set(int64(done) * int64(shape.Enrolment()) / int64(max(1, total)))
	})
	progress.clear()
	if err != nil {
		return err
	}
	students, schools := 0, 0
	for _, d := range districts {
		students, schools = students+d.Enrolment, schools+d.Schools
	}
	if f.manifests.wanted {
		if err := f.manifests.write(f.out, districts); err != nil {
			return err
		}
	}
	fmt.Fprintf(env.Err, "%s, %s, %s in %s\n", count(len(districts), "district"), count(schools, "school"), count(students, "student"), f.out)
	return nil
}

func (f *generateFlags) options() (*synthetic.Options, error) {
	seed, err := parseSeed(f.seed, 1) // nothing is at stake in it
	switch {
	case f.out == "":
		return nil, usage("name the folder for the packages with --out DIR")
	case err != nil:
		return nil, usage("--seed: %w", err)
	case !slices.Contains([]string{synthetic.Version11, synthetic.Version12}, f.version):
		return nil, usage("--oneroster %s: write 1.1 or 1.2", f.version)
	case f.year < 1990 || f.year > 2100:
		return nil, usage("--school-year %d: write a year from 1990 to 2100", f.year)
	}
	if err := f.checkSize(); err != nil {
		return nil, err
	}
	return &synthetic.Options{Seed: seed, Version: f.version, SchoolYear: f.year, Scale: f.scale, Workers: f.workers}, nil
}

// checkSize refuses what says nothing, or two things, about how large the state
// is.
func (f *generateFlags) checkSize() error {
	switch {
	case f.students < 0 || f.districts < 0 || f.workers < 0:
		return usage("--students, --districts and --workers cannot be negative")
	case f.from == "" && f.students == 0 && f.districts == 0:
		return usage("say how large the state is: --students N, --districts N, or --from schools.csv")
	case f.from == "" && f.scale != 0:
		return usage("--scale takes a share of --from; without it, say --students N")
	case f.from != "" && f.districts != 0:
		return usage("--from says which districts there are; leave --districts out")
	case f.scale != 0 && f.students != 0:
		return usage("--scale and --students say the same; keep one")
	case !(f.scale >= 0 && f.scale <= 1): // nor NaN
		return usage("--scale %g: write a number above 0 and at most 1", f.scale)
	case f.from == "" && f.students > 0 && f.districts > f.students:
		return usage("--districts %d: there are only %d students, and each district has one at least", f.districts, f.students)
	}
	return nil
}

func (f *generateFlags) shape(options *synthetic.Options) (synthetic.Shape, error) {
	if f.from == "" {
		students, districts := f.students, f.districts
		if districts == 0 {
			districts = max(1, students/studentsPerDistrict)
		}
		if students == 0 {
			students = districts * studentsPerDistrict
		}
		return synthetic.HeavyTailed(options.Seed, students, districts)
	}
	table, err := os.Open(f.from)
	if err != nil {
		return synthetic.Shape{}, err
	}
	defer table.Close()
	shape, err := synthetic.FromSchoolsCSV(table)
	if err != nil {
		return shape, fmt.Errorf("%s: %w", f.from, err)
	}
	return shape, nil
}

// districtManifests are the District resources for a generated state.
type districtManifests struct {
	wanted    bool
	namespace string
	labels    map[string]string
	timeZone  string
	claim     string
	hostPath  string
	prefix    string
}

type flagSet interface {
	BoolVar(p *bool, name string, value bool, usage string)
	StringVar(p *string, name, value, usage string)
	StringToStringVar(p *map[string]string, name string, value map[string]string, usage string)
}

func (m *districtManifests) register(flags flagSet) {
	flags.BoolVar(&m.wanted, "manifests", false, "write districts.yaml, too")
	flags.StringVar(&m.namespace, "namespace", "default", "with --manifests: namespace of the districts")
	flags.StringToStringVar(&m.labels, "label", nil, "with --manifests: label of the districts, KEY=VALUE; may be repeated")
	flags.StringVar(&m.timeZone, "time-zone", "America/New_York", "with --manifests: time zone of the districts")
	flags.StringVar(&m.claim, "claim", "", "with --manifests: volume claim that holds the packages")
	flags.StringVar(&m.hostPath, "host-path", "", "with --manifests: folder of the node that holds the packages (default: --out)")
	flags.StringVar(&m.prefix, "path-prefix", "", "with --manifests: folder within the volume")
}

func (m *districtManifests) check() error {
	if m.claim != "" && m.hostPath != "" {
		return usage("--claim and --host-path: the packages lie on one volume; keep one")
	}
	return nil
}

func (m *districtManifests) write(out string, districts []synthetic.District) error {
	if m.claim == "" && m.hostPath == "" {
		absolute, err := filepath.Abs(out)
		if err != nil {
			return err
		}
		m.hostPath = filepath.ToSlash(absolute)
	}
	return synthetic.Dir(out).Write("districts.yaml", func(w io.Writer) error {
		for _, d := range districts {
			if d.Enrolment == 0 {
				continue // nobody to decide about
			}
			if _, err := io.WriteString(w, m.district(d)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *districtManifests) district(d synthetic.District) string {
	s := fmt.Sprintf("---\napiVersion: juncture.dev/v1alpha1\nkind: District\nmetadata:\n  name: %s\n  namespace: %s\n", d.Slug, m.namespace)
	if len(m.labels) > 0 {
		s += "  labels:\n"
		for _, key := range slices.Sorted(maps.Keys(m.labels)) {
			s += fmt.Sprintf("    %q: %q\n", key, m.labels[key])
		}
	}
	volume := fmt.Sprintf("{hostPath: {path: %q}}", m.hostPath)
	if m.claim != "" {
		volume = fmt.Sprintf("{persistentVolumeClaim: {claimName: %q}}", m.claim)
	}
	path := d.File
	if m.prefix != "" {
		path = m.prefix + "/" + d.File
	}
	return s + fmt.Sprintf("spec:\n  identifier: %q\n  enrolment: %d\n  timeZone: %s\n  source:\n    oneRosterCSV:\n      volume: %s\n      path: %q\n",
		d.Identifier, d.Enrolment, m.timeZone, volume, path)
}
