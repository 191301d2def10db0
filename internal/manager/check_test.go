// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package manager_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/manager"
)

func TestCheck(t *testing.T) {
	all := manager.Kinds()
	tests := map[string]struct {
		served []string
		holder string
		// renewals is how often the lease's time moves on.
		renewals int64
		want     []string // parts of the error; none for a sound installation
	}{
		"sound":                   {served: all, holder: "manager-1", renewals: 100},
		"no definitions":          {holder: "manager-1", renewals: 100, want: []string{"does not serve juncture.dev/v1alpha1", "crds.enabled"}},
		"an older definition set": {served: all[1:], holder: "manager-1", renewals: 100, want: []string{"without " + all[0]}},
		"nobody leads":            {served: all, want: []string{"nobody holds it"}},
		"the leader died":         {served: all, holder: "manager-1", want: []string{"does not renew"}},
		"nothing is right":        {want: []string{"does not serve", "no manager leads"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			api := fake.NewClientset()
			if test.served != nil {
				resources := &metav1.APIResourceList{GroupVersion: v1alpha1.GroupVersion.String()}
				for _, kind := range test.served {
					resources.APIResources = append(resources.APIResources, metav1.APIResource{Kind: kind})
				}
				api.Resources = append(api.Resources, resources)
			}
			var reads atomic.Int64
			api.PrependReactor("get", "leases", func(clienttesting.Action) (bool, runtime.Object, error) {
				renewed := metav1.NewMicroTime(time.Unix(min(reads.Add(1), test.renewals), 0))
				return true, &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To(test.holder), RenewTime: &renewed}}, nil
			})
			patience := 2 * time.Second
			if test.want != nil {
				patience = 700 * time.Millisecond // two looks at the lease
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()

			var said strings.Builder
			err := manager.Check(ctx, api, "juncture-system", &said)
			if (err == nil) != (test.want == nil) {
				t.Fatalf("Check: %v; it said:\n%s", err, &said)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}
