// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// judge answers reviews and counts them.
type judge struct {
	users   map[string][]string // token: audiences it is for
	allowed bool
	down    bool
	asked   int
	now     time.Time
}

func (j *judge) reviewer(audiences ...string) *Reviewer {
	client := fake.NewClientset()
	client.PrependReactor("create", "tokenreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
		j.asked++
		if j.down {
			return true, nil, errors.New("no answer")
		}
		review := a.(clienttesting.CreateAction).GetObject().(*authentication.TokenReview)
		review.Status.Audiences, review.Status.Authenticated = j.users[review.Spec.Token], j.users[review.Spec.Token] != nil
		review.Status.User.Username = review.Spec.Token
		return true, review, nil
	})
	client.PrependReactor("create", "subjectaccessreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
		j.asked++
		review := a.(clienttesting.CreateAction).GetObject().(*authorization.SubjectAccessReview)
		attributes := review.Spec.ResourceAttributes
		if attributes.Namespace != "network" || attributes.Resource != "districts" || attributes.Group != "juncture.dev" {
			return true, nil, fmt.Errorf("asked about %+v", attributes)
		}
		review.Status.Allowed = j.allowed && attributes.Name == "boston" && attributes.Verb == "get" && attributes.Subresource == "decisions"
		return true, review, nil
	})
	return New(client, "network", audiences, func() time.Time { return j.now })
}

var read = Action{Verb: "get", Subresource: "decisions", District: "boston"}

func with(token string) http.Header { return http.Header{"Authorization": {token}} }

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		audiences     []string
		authorization string
		do            Action
		down          bool
		want          error
	}{
		"may":                         {nil, "Bearer ann", read, false, nil},
		"the scheme in small letters": {nil, "bearer ann", read, false, nil},
		"no token":                    {nil, "", read, false, ErrUnauthenticated},
		"another scheme":              {nil, "Basic ann", read, false, ErrUnauthenticated},
		"a token nobody knows":        {nil, "Bearer bob", read, false, ErrUnauthenticated},
		"another verb":                {nil, "Bearer ann", Action{"list", "decisions", "boston"}, false, ErrForbidden},
		"another part":                {nil, "Bearer ann", Action{"get", "runs", "boston"}, false, ErrForbidden},
		"another district":            {nil, "Bearer ann", Action{"get", "decisions", "lowell"}, false, ErrForbidden},
		"for us":                      {[]string{"juncture"}, "Bearer ann", read, false, nil},
		"for others":                  {[]string{"others"}, "Bearer ann", read, false, ErrUnauthenticated},
		"nobody answers":              {nil, "Bearer ann", read, true, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			j := &judge{users: map[string][]string{"ann": {"juncture"}}, allowed: true, down: c.down}
			if err := j.reviewer(c.audiences...).Check(t.Context(), with(c.authorization), c.do); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAnswersAreKeptForAWhileOnly(t *testing.T) {
	j := &judge{users: map[string][]string{"ann": {}}, allowed: true, now: time.Unix(0, 0)}
	r := j.reviewer()
	for range 3 {
		if err := r.Check(t.Context(), with("Bearer ann"), read); err != nil {
			t.Fatal(err)
		}
	}
	if j.asked != 2 {
		t.Errorf("asked %d times, want once for each review", j.asked)
	}
	j.allowed = false
	j.now = j.now.Add(keepFor)
	if err := r.Check(t.Context(), with("Bearer ann"), read); !errors.Is(err, ErrForbidden) {
		t.Errorf("a right that was taken away still holds: %v", err)
	}
	j.now = j.now.Add(keepFor)
	j.down = true
	if err := r.Check(t.Context(), with("Bearer ann"), read); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	j.down, j.allowed = false, true
	if err := r.Check(t.Context(), with("Bearer ann"), read); err != nil {
		t.Errorf("the failure was kept: %v", err)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	j := &judge{users: map[string][]string{}, now: time.Unix(0, 0)}
	r := j.reviewer()
	for i := range maxKept + 10 {
		_ = r.Check(t.Context(), with(fmt.Sprintf("Bearer token-%d", i)), read)
	}
	if len(r.users) > maxKept {
		t.Errorf("%d answers are kept", len(r.users))
	}
}
