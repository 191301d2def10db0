// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/manifest"
	"github.com/juncture-dev/juncture/internal/translate"
)

// tenant is a district, its roster, and the processes that decide about its
// students.
type tenant struct {
	name      string
	namespace string
	zone      *time.Location
	declared  *v1alpha1.District
	source    string    // path of the roster
	unread    string    // why there is no path, and what to do
	due       []process // by name
}

// hold takes out the processes that the district holds, at an instant, at
// another revision than the manifests give, and says which.
func (t *tenant) hold(at time.Time) (held notices) {
	t.due = slices.DeleteFunc(t.due, func(p process) bool {
		pin, _ := translate.PinOf(t.declared, p.Name, at)
		if pin == "" || string(pin) == p.program.Digest().String() {
			return false
		}
		held.add(t.name, "", fmt.Sprintf("process %s: a pin holds it at revision %s, and these manifests give %s: run the manifests of that revision, or take the pin out",
			p.Name, bundle.Digest(pin).Short(), p.program.Digest().Short()))
		return true
	})
	return held
}

// tenantFlags say which districts and processes are run, and where the rosters
// lie.
type tenantFlags struct {
	sources   []string
	districts []string
	processes []string
}

func (f *tenantFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.sources, "source", nil, "roster of a district, DISTRICT=ZIP_OR_DIR; may be repeated")
	cmd.Flags().StringSliceVar(&f.districts, "district", nil, "only these districts (default: all)")
	cmd.Flags().StringSliceVar(&f.processes, "process", nil, "only these processes (default: all that select the district)")
}

// tenants are the districts that are run, by name. Notes are what is passed over
// and why.
func (f *tenantFlags) tenants(n *network) (list []tenant, notes notices, err error) {
	paths, err := f.paths()
	if err != nil {
		return nil, nil, err
	}
	districts, err := f.declare(n, paths)
	if err != nil {
		return nil, nil, err
	}
	processes, notes, err := f.runnable(n)
	if err != nil {
		return nil, nil, err
	}
	due, err := selected(processes, districts)
	if err != nil {
		return nil, nil, err
	}
	for i := range districts {
		d := &districts[i]
		name := d.Namespace + "/" + d.Name
		switch {
		case len(due[name]) == 0:
			notes.add(d.Name, "", "no process selects it")
		case d.Spec.Suspend:
			notes.add(d.Name, "", "suspended")
		default:
			list = append(list, newTenant(d, paths[d.Name], due[name]))
		}
	}
	return list, notes, nil
}

// selected are the processes that select a district, by the district's
// namespace and name.
func selected(processes []process, districts []v1alpha1.District) (map[string][]process, error) {
	due := map[string][]process{}
	for _, p := range processes {
		picked, err := translate.Select(p.PersonalizationProcess, districts)
		if err != nil {
			return nil, fmt.Errorf("process %s: %w", &p, err)
		}
		for _, d := range picked {
			name := d.Namespace + "/" + d.Name
			due[name] = append(due[name], p)
		}
	}
	return due, nil
}

func newTenant(d *v1alpha1.District, path string, due []process) tenant {
	t := tenant{name: d.Name, namespace: d.Namespace, declared: d, source: path, due: due}
	t.zone, _ = time.LoadLocation(string(d.Spec.TimeZone)) // an unknown one was refused with its manifest
	if path != "" {
		return t
	}
	const give = "; give --source DISTRICT=ZIP_OR_DIR"
	switch from := d.Spec.Source.OneRosterCSV; {
	case from == nil:
		t.unread = "its manifest names no roster" + give
	case from.URL != "":
		t.unread = "its roster lies behind a URL, which only an evaluator fetches" + give
	case from.Volume.HostPath != nil:
		t.source = filepath.Join(filepath.FromSlash(from.Volume.HostPath.Path), filepath.FromSlash(from.Path))
	case from.Volume.PersistentVolumeClaim != nil:
		t.unread = fmt.Sprintf("its roster lies on the volume claim %s, which only the cluster has", from.Volume.PersistentVolumeClaim.ClaimName) + give
	}
	return t
}

// paths are the rosters of --source, by district.
func (f *tenantFlags) paths() (map[string]string, error) {
	paths := map[string]string{}
	for _, s := range f.sources {
		name, path, ok := strings.Cut(s, "=")
		switch {
		case !ok || name == "" || path == "":
			return nil, usage("--source %s: write DISTRICT=ZIP_OR_DIR", s)
		case len(validation.IsDNS1123Label(name)) > 0:
			return nil, usage("--source %s: the name of a district has lower-case letters, digits and hyphens only, 63 at most", s)
		case paths[name] != "":
			return nil, usage("--source: district %s is named twice", name)
		}
		paths[name] = path
	}
	return paths, nil
}

// declare is the districts of the manifests that are wanted, and those that only
// --source names, by name.
func (f *tenantFlags) declare(n *network, paths map[string]string) ([]v1alpha1.District, error) {
	var districts []v1alpha1.District
	declared := map[string]string{} // name to namespace
	for _, d := range n.districts {
		if len(f.districts) > 0 && !slices.Contains(f.districts, d.Name) {
			continue
		}
		if other, twice := declared[d.Name]; twice {
			return nil, usage("district %s is in the namespaces %s and %s; choose one with --namespace", d.Name, other, d.Namespace)
		}
		declared[d.Name] = d.Namespace
		districts = append(districts, d)
	}
	for name := range paths {
		if declared[name] != "" || len(f.districts) > 0 && !slices.Contains(f.districts, name) {
			continue
		}
		if n.mentions("District", name) {
			continue // its manifest was meant, and is refused
		}
		namespace, err := n.onlyNamespace()
		if err != nil {
			return nil, err
		}
		declared[name] = namespace
		districts = append(districts, v1alpha1.District{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
			Spec:       v1alpha1.DistrictSpec{TimeZone: "UTC"},
		})
	}
	for _, name := range f.districts {
		if declared[name] == "" && !n.mentions("District", name) {
			return nil, usage("--district %s: neither the manifests nor --source name it", name)
		}
	}
	slices.SortFunc(districts, func(a, b v1alpha1.District) int { return cmp.Compare(a.Name, b.Name) })
	return districts, nil
}

// mentions reports whether the manifests declare an object of that name, in any
// namespace, sound or not.
func (n *network) mentions(kind, name string) bool {
	return slices.ContainsFunc(n.set.Objects(), func(o *manifest.Object) bool { return o.Kind == kind && o.Name == name })
}

// onlyNamespace is the namespace of all processes.
func (n *network) onlyNamespace() (string, error) {
	var names []string
	for _, p := range n.processes {
		names = append(names, p.Namespace)
	}
	slices.Sort(names)
	switch names = slices.Compact(names); len(names) {
	case 0:
		return "default", nil
	case 1:
		return names[0], nil
	}
	return "", usage("--source names a district that no manifest declares, and there are processes in the namespaces %s; choose one with --namespace", strings.Join(names, ", "))
}

// runnable are the processes that are run, and notes about those that are not.
func (f *tenantFlags) runnable(n *network) (list []process, notes notices, err error) {
	found := map[string]bool{}
	for _, p := range n.processes {
		if len(f.processes) > 0 && !slices.Contains(f.processes, p.Name) {
			continue
		}
		found[p.Name] = true
		switch {
		case p.Spec.Mode == v1alpha1.ModeCatalogue:
			notes.add("", "", fmt.Sprintf("process %s: in mode Catalogue, which is never run", &p))
		case p.Spec.Suspend:
			notes.add("", "", fmt.Sprintf("process %s: suspended", &p))
		default:
			list = append(list, p)
		}
	}
	for _, name := range f.processes {
		if !found[name] && !n.mentions(translate.KindProcess, name) {
			return nil, nil, usage("--process %s: the manifests do not declare it", name)
		}
	}
	return list, notes, nil
}
