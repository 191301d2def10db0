// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/internal/names"
)

// podPort is where evaluators serve, and managers their metrics.
const podPort = 8443

// caller calls the evaluators of a network with one account's token.
type caller struct {
	network *network
	token   string
}

// account creates a ServiceAccount that may do what the rules say in the network, and returns a caller with its token.
func (n *network) account(name string, rules ...rbacv1.PolicyRule) *caller {
	GinkgoHelper()
	meta := metav1.ObjectMeta{Namespace: n.namespace, Name: name}
	Expect(admin.Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta})).To(Succeed())
	Expect(admin.Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules})).To(Succeed())
	n.bind(name, name, "Role")
	return &caller{n, n.tokenOf(name)}
}

// clerk is a caller with the chart's roles for people who read decisions and start runs, in the whole network.
func (n *network) clerk() *caller {
	GinkgoHelper()
	meta := metav1.ObjectMeta{Namespace: n.namespace, Name: "clerk"}
	Expect(admin.Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta})).To(Succeed())
	n.bind("clerk", "juncture-decisions-reader", "ClusterRole")
	n.bind("clerk", "juncture-decisions-runner", "ClusterRole")
	return &caller{n, n.tokenOf("clerk")}
}

func (n *network) bind(account, role, kind string) {
	GinkgoHelper()
	Expect(admin.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: n.namespace, Name: account + "-" + role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: n.namespace, Name: account}},
	})).To(Succeed())
}

// tokenOf is a token of a ServiceAccount, as kubectl create token gives it.
func (n *network) tokenOf(account string) string {
	GinkgoHelper()
	token, err := clients.CoreV1().ServiceAccounts(n.namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	return token.Status.Token
}

// podOf is the pod that serves a district now, or will once it is ready: it resumes runs before that.
func (n *network) podOf(ctx context.Context, district string) (*corev1.Pod, error) {
	d := &v1alpha1.District{}
	if err := admin.Get(ctx, client.ObjectKey{Namespace: n.namespace, Name: district}, d); err != nil {
		return nil, err
	}
	var pods corev1.PodList
	if err := admin.List(ctx, &pods, client.InNamespace(n.namespace), client.MatchingLabels(names.EvaluatorSelector(d.Status.Evaluator))); err != nil {
		return nil, err
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		containers := pod.Status.ContainerStatuses
		if pod.DeletionTimestamp.IsZero() && len(containers) == 1 && containers[0].State.Running != nil {
			return pod, nil
		}
	}
	return nil, fmt.Errorf("district %s: evaluator %q has no pod that runs", district, d.Status.Evaluator)
}

// answer is an answer of an evaluator.
type answer struct {
	status int
	body   []byte
}

func (a *answer) String() string { return fmt.Sprintf("%d %.600s", a.status, a.body) }

// request asks the evaluator of a district, path being what follows /v1/districts/{district}.
func (c *caller) request(method, district, path string, body any, header http.Header) (*answer, error) {
	return c.ask(method, district, "/v1/districts/"+district+path, body, header)
}

// ask asks the evaluator of a district something.
func (c *caller) ask(method, district, path string, body any, header http.Header) (*answer, error) {
	limited, cancel := context.WithTimeout(ctx, aWhile)
	defer cancel()
	pod, err := c.network.podOf(limited, district)
	if err != nil {
		return nil, err
	}
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(limited, method, "https://evaluator"+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := through(limited, pod).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	return &answer{response.StatusCode, all}, err
}

// through is a client of a pod.
func through(ctx context.Context, pod *corev1.Pod) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // pods come and go
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return forward(ctx, pod.Namespace, pod.Name, podPort)
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // made at start; the API server vouches for the pod
	}}
}

// get asks until the evaluator answers with 200, as it does not while its pod is replaced, and returns the answer.
func (c *caller) get(district, path string) []byte {
	GinkgoHelper()
	var body []byte
	Eventually(func() error {
		got, err := c.request(http.MethodGet, district, path, nil, nil)
		switch {
		case err != nil:
			return err
		case got.status != http.StatusOK:
			return errors.New(got.String())
		}
		body = got.body
		return nil
	}).Should(Succeed(), "GET %s of district %s", path, district)
	return body
}

// read is get, decoded.
func read[T any](c *caller, district, path string) T {
	GinkgoHelper()
	var value T
	Expect(json.Unmarshal(c.get(district, path), &value)).To(Succeed())
	return value
}

// refused expects an answer of a status, and returns it.
func (c *caller) refused(status int, method, district, path string, body any) *answer {
	GinkgoHelper()
	var got *answer
	Eventually(func(g Gomega) {
		var err error
		got, err = c.request(method, district, path, body, nil)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got.status).To(Equal(status), "%s", got)
	}).WithTimeout(20*time.Second).Should(Succeed(), "%s %s of district %s", method, path, district)
	return got
}

// aRun is a run as the API tells of it.
type aRun struct {
	ID        string
	Process   string
	Revision  string
	Trigger   string
	At        time.Time
	State     string
	Error     string
	Sequence  int64
	Entry     string
	Students  int
	Decisions int
	States    map[string]int
}

type runList struct{ Runs []aRun }

// aDecision is a decision as the API tells of it, as far as the stories need it.
type aDecision struct {
	ID, District, Student, Process, Revision, Run, State, Current string
	Rules                                                         []string
}

type decisionPage struct {
	Decisions []aDecision
	Next      string
}

// asked is what a run is asked for with.
type asked struct {
	Process string `json:"process,omitempty"`
	At      string `json:"at,omitempty"`
	Seed    string `json:"seed,omitempty"`
}

// start asks for a run and returns what was begun. The key makes sure that asking again, after an answer that was lost,
// starts no second run.
func (c *caller) start(district, key string, a asked) aRun {
	GinkgoHelper()
	var list runList
	Eventually(func(g Gomega) {
		got, err := c.request(http.MethodPost, district, "/runs", a, http.Header{"Idempotency-Key": {key}})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got.status).To(BeElementOf(http.StatusOK, http.StatusAccepted), "%s", got)
		g.Expect(json.Unmarshal(got.body, &list)).To(Succeed())
	}).Should(Succeed(), "a run in district %s", district)
	Expect(list.Runs).To(HaveLen(1))
	return list.Runs[0]
}

// finished waits until a run is in the record, whatever happens to the evaluator meanwhile.
func (c *caller) finished(district, id string) aRun {
	GinkgoHelper()
	var run aRun
	Eventually(func(g Gomega) {
		got, err := c.request(http.MethodGet, district, "/runs/"+id+"?wait=true", nil, nil)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got.status).To(Equal(http.StatusOK), "%s", got)
		g.Expect(json.Unmarshal(got.body, &run)).To(Succeed())
		if run.State == "Failed" {
			StopTrying("the run failed: " + run.Error).Now()
		}
		g.Expect(run.State).To(Equal("Committed"))
	}).WithTimeout(3*time.Minute).Should(Succeed(), "the run of district %s", district)
	return run
}

// runs are all runs of a process in a district, the newest first.
func (c *caller) runs(district, process string) []aRun {
	GinkgoHelper()
	return read[runList](c, district, "/runs?limit=1000&process="+process).Runs
}

// csv is the decisions in force.
func (c *caller) csv(district, process string) []byte {
	GinkgoHelper()
	return c.get(district, "/decisions?format=csv&process="+url.QueryEscape(process))
}

// record is the state of a district's record.
type record struct {
	Head   string
	Runs   int
	Whole  *bool
	Damage string
}

// expectWhole waits until the record was read from end to end and found whole.
func (c *caller) expectWhole(district string) record {
	GinkgoHelper()
	var r record
	Eventually(func(g Gomega) {
		r = read[record](c, district, "/record")
		g.Expect(r.Damage).To(BeEmpty())
		g.Expect(r.Whole).To(HaveValue(BeTrue()))
	}).Should(Succeed(), "the record of district %s", district)
	return r
}
