// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package access asks the cluster who a caller is and what they may do:
// bearer tokens by TokenReview, permissions by SubjectAccessReview on the
// virtual subresources of districts (decisions, explanations, runs, tasks,
// record). Who may read which district's decisions is ordinary RBAC.
package access

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// Errors of Check.
var (
	// ErrUnauthenticated: no token, or one that the cluster does not know.
	ErrUnauthenticated = errors.New("no valid bearer token")
	// ErrForbidden: the cluster knows the caller, who may not do this.
	ErrForbidden = errors.New("forbidden")
	// ErrUnavailable: the cluster could not be asked. Nobody is let in then.
	ErrUnavailable = errors.New("the cluster cannot be asked for permission now")
)

// Action is what a caller wants to do, in RBAC's words: a verb on a
// subresource of one district, or of all for an empty name.
type Action struct {
	Verb        string // get, list, create
	Subresource string // decisions, explanations, runs, tasks, record
	District    string
}

// An answer is kept for this long: a revoked token or role takes effect within
// it.
const keepFor = 10 * time.Second

// maxKept bounds the answers that are kept; beyond it old ones go first, then any.
const maxKept = 4096

// Reviewer checks callers against the cluster's RBAC.
type Reviewer struct {
	client    kubernetes.Interface
	namespace string
	audiences []string
	now       func() time.Time

	mu     sync.Mutex
	users  map[[32]byte]kept[*authentication.UserInfo]
	allows map[question]kept[bool]
}

type kept[T any] struct {
	answer T
	until  time.Time
}

type question struct {
	token [32]byte
	Action
}

// New reviews access to the districts of a namespace. Tokens must be for one of
// the audiences; none means the API server's own.
func New(client kubernetes.Interface, namespace string, audiences []string, now func() time.Time) *Reviewer {
	return &Reviewer{
		client: client, namespace: namespace, audiences: audiences, now: now,
		users: map[[32]byte]kept[*authentication.UserInfo]{}, allows: map[question]kept[bool]{},
	}
}

// Check lets a request pass or says why not: an error that is ErrUnauthenticated,
// ErrForbidden or ErrUnavailable.
func (r *Reviewer) Check(ctx context.Context, header http.Header, do Action) error {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return ErrUnauthenticated
	}
	asked := question{sha256.Sum256([]byte(token)), do}
	user, err := remember(r, r.users, asked.token, func() (*authentication.UserInfo, error) { return r.authenticate(ctx, token) })
	if err != nil {
		return err
	}
	if user == nil {
		return ErrUnauthenticated
	}
	allowed, err := remember(r, r.allows, asked, func() (bool, error) { return r.authorize(ctx, user, do) })
	if err != nil {
		return err
	}
	if !allowed {
		return fmt.Errorf("%w: user %q may not %s districts/%s named %q in namespace %q of group %s",
			ErrForbidden, user.Username, do.Verb, do.Subresource, do.District, r.namespace, v1alpha1.GroupVersion.Group)
	}
	return nil
}

func (r *Reviewer) authenticate(ctx context.Context, token string) (*authentication.UserInfo, error) {
	review, err := r.client.AuthenticationV1().TokenReviews().Create(ctx, &authentication.TokenReview{
		Spec: authentication.TokenReviewSpec{Token: token, Audiences: r.audiences},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("%w: TokenReview: %w", ErrUnavailable, err)
	}
	if !review.Status.Authenticated || !r.forUs(review.Status.Audiences) {
		return nil, nil
	}
	return &review.Status.User, nil
}

// forUs guards against an authenticator that does not know audiences and
// therefore returns none.
func (r *Reviewer) forUs(audiences []string) bool {
	if len(r.audiences) == 0 {
		return true
	}
	for _, want := range r.audiences {
		for _, got := range audiences {
			if want == got {
				return true
			}
		}
	}
	return false
}

func (r *Reviewer) authorize(ctx context.Context, user *authentication.UserInfo, do Action) (bool, error) {
	extra := make(map[string]authorization.ExtraValue, len(user.Extra))
	for k, v := range user.Extra {
		extra[k] = authorization.ExtraValue(v)
	}
	review, err := r.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorization.SubjectAccessReview{
		Spec: authorization.SubjectAccessReviewSpec{
			User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
			ResourceAttributes: &authorization.ResourceAttributes{
				Namespace: r.namespace, Verb: do.Verb, Name: do.District,
				Group: v1alpha1.GroupVersion.Group, Version: v1alpha1.GroupVersion.Version,
				Resource: "districts", Subresource: do.Subresource,
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("%w: SubjectAccessReview: %w", ErrUnavailable, err)
	}
	return review.Status.Allowed && !review.Status.Denied, nil
}

// remember gives a kept answer, or asks and keeps it. Failures are not kept.
func remember[K comparable, V any](r *Reviewer, known map[K]kept[V], key K, ask func() (V, error)) (V, error) {
	now := r.now()
	r.mu.Lock()
	have, ok := known[key]
	r.mu.Unlock()
	if ok && now.Before(have.until) {
		return have.answer, nil
	}
	answer, err := ask()
	if err != nil {
		return answer, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(known) >= maxKept {
		for k, v := range known {
			if !now.Before(v.until) || len(known) > maxKept/2 {
				delete(known, k)
			}
		}
	}
	known[key] = kept[V]{answer, now.Add(keepFor)}
	return answer, nil
}
