// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package testing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/juncture-dev/juncture/internal/names"
)

// Write is one write that a controller made or tried.
type Write struct {
	Verb, Kind, Name string
}

func (w Write) String() string { return w.Verb + " " + w.Kind + " " + w.Name }

// Fault is what happens to one write.
type Fault struct {
	// Nth write of the namespace, counted from 1; 0 for none.
	Nth int
	// Applied says that the write takes effect and only the answer is lost.
	Applied bool
}

// ErrInjected is what a disturbed write returns.
var ErrInjected = errors.New("injected: the API server did not answer")

// Writes records what passes through a client, by namespace, and disturbs it
// where asked to.
type Writes struct {
	mu     sync.Mutex
	tried  map[string][]Write
	took   map[string][]Write
	faults map[string]Fault
}

// Disturb plans a fault for a namespace that has seen no write yet.
func (w *Writes) Disturb(namespace string, fault Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faults == nil {
		w.faults = map[string]Fault{}
	}
	w.faults[namespace] = fault
}

// Of lists the writes of a namespace that were tried so far, in order.
func (w *Writes) Of(namespace string) []Write {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tried[namespace])
}

// Took counts the writes of a namespace, by what they are, that took effect.
func (w *Writes) Took(namespace string) map[Write]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := map[Write]int{}
	for _, write := range w.took[namespace] {
		counts[write]++
	}
	return counts
}

// Wrap is the client with its writes recorded.
func (w *Writes) Wrap(c client.Client) client.Client { return &recording{Client: c, writes: w} }

func (w *Writes) around(namespace string, write Write, do func() error) error {
	w.mu.Lock()
	if w.tried == nil {
		w.tried, w.took = map[string][]Write{}, map[string][]Write{}
	}
	w.tried[namespace] = append(w.tried[namespace], write)
	fault := w.faults[namespace]
	hit := fault.Nth == len(w.tried[namespace])
	w.mu.Unlock()
	if hit && !fault.Applied {
		return ErrInjected
	}
	err := do()
	if err == nil {
		w.mu.Lock()
		w.took[namespace] = append(w.took[namespace], write)
		w.mu.Unlock()
		if hit {
			return ErrInjected
		}
	}
	return err
}

// recording passes reads on and records writes.
type recording struct {
	client.Client
	writes *Writes
}

func (r *recording) object(verb string, o client.Object, do func() error) error {
	gvk, err := apiutil.GVKForObject(o, r.Scheme())
	if err != nil {
		return err
	}
	return r.writes.around(network(o.GetNamespace(), o.GetName()), Write{verb, gvk.Kind, o.GetName()}, do)
}

func (r *recording) configuration(verb string, c runtime.ApplyConfiguration, do func() error) error {
	named, ok := c.(interface {
		GetName() *string
		GetNamespace() *string
		GetKind() *string
	})
	if !ok {
		return fmt.Errorf("%T has no name", c)
	}
	namespace := ""
	if n := named.GetNamespace(); n != nil {
		namespace = *n
	}
	return r.writes.around(network(namespace, *named.GetName()), Write{verb, *named.GetKind(), *named.GetName()}, do)
}

// network is the namespace that a write is made for, which the name of a
// cluster-scoped object tells.
func network(namespace, name string) string {
	if prefix := names.ClusterRoleBinding("", ""); namespace == "" && strings.HasPrefix(name, strings.TrimSuffix(prefix, ":")) {
		return strings.Split(name, ":")[2]
	}
	return namespace
}

func (r *recording) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	return r.object("create", o, func() error { return r.Client.Create(ctx, o, opts...) })
}

func (r *recording) Update(ctx context.Context, o client.Object, opts ...client.UpdateOption) error {
	return r.object("update", o, func() error { return r.Client.Update(ctx, o, opts...) })
}

func (r *recording) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
	return r.object("patch", o, func() error { return r.Client.Patch(ctx, o, patch, opts...) })
}

func (r *recording) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	return r.object("delete", o, func() error { return r.Client.Delete(ctx, o, opts...) })
}

func (r *recording) Apply(ctx context.Context, c runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	return r.configuration("apply", c, func() error { return r.Client.Apply(ctx, c, opts...) })
}

func (r *recording) Status() client.SubResourceWriter {
	return &recordingStatus{SubResourceWriter: r.Client.Status(), recording: r}
}

type recordingStatus struct {
	client.SubResourceWriter
	recording *recording
}

func (s *recordingStatus) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	return s.recording.object("update status of", o, func() error { return s.SubResourceWriter.Update(ctx, o, opts...) })
}

func (s *recordingStatus) Apply(ctx context.Context, c runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
	return s.recording.configuration("apply status of", c, func() error { return s.SubResourceWriter.Apply(ctx, c, opts...) })
}
