// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/internal/names"
)

// secrecy comes last: it searches all that the other stories left behind.
func secrecy() {
	It("leaves no student's id, user name or name in the cluster's API, logs and metrics", func() {
		seen := newSearch(rosters)
		Expect(seen.words).NotTo(BeEmpty())

		var texts []text
		texts = append(texts, everyObject()...)
		objects := len(texts)
		texts = append(texts, everyLog()...)
		texts = append(texts, listening.heard()...)
		logs := len(texts) - objects
		texts = append(texts, everyMetric()...)
		pages := len(texts) - objects - logs
		texts = append(texts, theClustersFiles()...)

		var found []string
		size := 0
		for _, t := range texts {
			size += len(t.content)
			if word := seen.in(t.content); word != "" {
				found = append(found, fmt.Sprintf("%s: %s", t.where, word))
			}
		}
		Expect(found).To(BeEmpty())
		Expect(logs).To(BeNumerically(">", 0))
		AddReportEntry("searched", fmt.Sprintf("%d ids, user names and names of students, in %d objects, %d logs, %d pages of metrics and %d files of the cluster itself, %d MB",
			len(seen.words), objects, logs, pages, len(texts)-objects-logs-pages, size>>20))
	})

	It("writes logs that programs can read", func() {
		lines := 0
		for _, heard := range listening.heard() {
			if !strings.HasPrefix(heard.where, "log of e2e-") {
				continue // of another release, perhaps
			}
			for line := range strings.Lines(string(heard.content)) {
				lines++
				var fields struct{ Time, Level, Msg string }
				Expect(json.Unmarshal([]byte(line), &fields)).To(Succeed(), "%s: %s", heard.where, line)
				Expect(fields.Msg).NotTo(BeEmpty(), "%s: %s", heard.where, line)
			}
		}
		if lines == 0 {
			Skip("no evaluator ran")
		}
	})

	It("would find one", func() {
		n := newNetwork("planted")
		// Students of this run alone: what is planted stays in the cluster's files.
		roster := generate(n.namespace, 50)
		planted := roster.people()[25]["sourcedId"]
		Expect(admin.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: n.namespace, Name: "planted"},
			Data:       map[string]string{"notes": "the form of " + planted + ", undated"},
		})).To(Succeed())
		Expect(admin.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: n.namespace, Name: "planted"},
			Data:       map[string][]byte{"notes": []byte("/students/" + planted + "/")},
		})).To(Succeed())
		seen := newSearch(rosters[len(rosters)-1:])
		var where []string
		for _, t := range everyObject() {
			if seen.in(t.content) == planted {
				where = append(where, t.where)
			}
		}
		Expect(where).To(ConsistOf("configmaps "+n.namespace+"/planted", "secrets "+n.namespace+"/planted"))
		var files []string
		for _, file := range theClustersFiles() {
			if strings.Contains(file.where, "/etcd/") {
				files = append(files, seen.in(file.content))
			}
		}
		if len(files) > 0 { // the cluster is this machine's
			Expect(files).To(ContainElement(planted))
		}
	})
}

// text is something that people or programs can read in the cluster.
type text struct {
	where   string
	content []byte
}

// everyObject is every object of every kind that can be listed, with its managed fields. The values of Secrets are decoded;
// none is left out.
func everyObject() []text {
	GinkgoHelper()
	kinds, err := clients.Discovery().ServerPreferredResources()
	Expect(err).NotTo(HaveOccurred())
	kinds = discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "get"}}, kinds)
	quiet := rest.CopyConfig(config)
	quiet.WarningHandler = rest.NoWarnings{} // that a kind is deprecated
	reader, err := dynamic.NewForConfig(quiet)
	Expect(err).NotTo(HaveOccurred())
	var texts []text
	for _, group := range kinds {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		Expect(err).NotTo(HaveOccurred())
		for _, kind := range group.APIResources {
			list, err := reader.Resource(version.WithResource(kind.Name)).List(ctx, metav1.ListOptions{})
			Expect(err).NotTo(HaveOccurred(), "%s %s", version, kind.Name)
			for i := range list.Items {
				texts = append(texts, textOf(kind.Name, &list.Items[i]))
			}
		}
	}
	Expect(slices.ContainsFunc(texts, func(t text) bool { return strings.HasPrefix(t.where, "events ") })).To(BeTrue())
	return texts
}

func textOf(kind string, object *unstructured.Unstructured) text {
	GinkgoHelper()
	content, err := object.MarshalJSON()
	Expect(err).NotTo(HaveOccurred())
	if object.GroupVersionKind().GroupKind() == (schema.GroupKind{Kind: "Secret"}) {
		values, _, err := unstructured.NestedStringMap(object.Object, "data")
		Expect(err).NotTo(HaveOccurred())
		for _, value := range values {
			content = append(append(content, '\n'), plain(value)...)
		}
	}
	return text{kind + " " + strings.TrimPrefix(object.GetNamespace()+"/"+object.GetName(), "/"), content}
}

// plain undoes the encodings of a Secret's value: base64 by the API server, and base64 of gzip by Helm for its releases.
func plain(value string) []byte {
	GinkgoHelper()
	content, err := base64.StdEncoding.DecodeString(value)
	Expect(err).NotTo(HaveOccurred())
	packed, err := base64.StdEncoding.DecodeString(string(content))
	if err != nil {
		return content
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return content
	}
	release, err := io.ReadAll(unpacked)
	Expect(err).NotTo(HaveOccurred())
	return release
}

// everyLog is what the containers of all pods wrote: since they started, and before that.
func everyLog() []text {
	GinkgoHelper()
	var pods corev1.PodList
	Expect(admin.List(ctx, &pods)).To(Succeed())
	var texts []text
	for i := range pods.Items {
		pod := &pods.Items[i]
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			for _, previous := range []bool{false, true} {
				if previous && status.RestartCount == 0 || status.ContainerID == "" {
					continue
				}
				options := &corev1.PodLogOptions{Container: status.Name, Previous: previous}
				content, err := clients.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).DoRaw(ctx)
				if err != nil && client.IgnoreNotFound(admin.Get(ctx, client.ObjectKeyFromObject(pod), pod)) == nil && pod.DeletionTimestamp != nil {
					continue // it is being replaced
				}
				Expect(err).NotTo(HaveOccurred(), "logs of %s/%s", pod.Namespace, pod.Name)
				texts = append(texts, text{fmt.Sprintf("log of %s/%s %s, previous: %t", pod.Namespace, pod.Name, status.Name, previous), content})
			}
		}
	}
	return texts
}

// began is how long the cluster's files were when the tests began.
var began = map[string]int{}

// theClustersFiles are what was added since the tests began to the files of the local cluster that hold whatever is sent to its API
// server, or logged by its own programs: etcd's write-ahead log, which has all former states of objects, and the logs of the
// control plane, the kubelet and the pods. Other clusters' files are not at hand: then there are none.
func theClustersFiles() []text {
	GinkgoHelper()
	var texts []text
	for _, folder := range []string{"etcd/member/wal", "log", "pod-logs"} {
		err := filepath.WalkDir(filepath.Join(filepath.Dir(os.Getenv("KUBECONFIG")), folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return nil //nolint:nilerr // it is not there, or was removed meanwhile
			}
			if content, err := os.ReadFile(path); err == nil {
				content = bytes.TrimRight(content, "\x00") // room that the log has taken already
				texts = append(texts, text{"file " + path, content[min(began[path], len(content)):]})
			}
			return nil
		})
		Expect(err).NotTo(HaveOccurred())
	}
	return texts
}

// everyMetric is what the managers and all evaluators tell Prometheus.
func everyMetric() []text {
	GinkgoHelper()
	var texts []text
	scrape := func(namespace string, labels map[string]string, token string) {
		GinkgoHelper()
		var pods corev1.PodList
		Expect(admin.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabels(labels))).To(Succeed())
		for i := range pods.Items {
			content := metricsOf(&pods.Items[i], token)
			texts = append(texts, text{"metrics of " + namespace + "/" + pods.Items[i].Name, content})
		}
	}
	scrape(releaseNamespace, map[string]string{"app.kubernetes.io/component": "manager"}, prometheus())
	for _, n := range networks {
		scrape(n.namespace, map[string]string{names.LabelComponent: names.ComponentEvaluator}, "")
	}
	Expect(len(texts)).To(BeNumerically(">", 1))
	return texts
}

// prometheus is a token that may read the managers' metrics.
func prometheus() string {
	GinkgoHelper()
	n := newNetwork("prometheus")
	account := n.account("prometheus")
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: n.namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "juncture-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: n.namespace, Name: "prometheus"}},
	}
	Expect(admin.Create(ctx, binding)).To(Succeed())
	DeferCleanup(func() { Expect(admin.Delete(ctx, binding)).To(Succeed()) })
	return account.token
}

func metricsOf(pod *corev1.Pod, token string) []byte {
	GinkgoHelper()
	var body []byte
	Eventually(func(g Gomega) {
		limited, cancel := context.WithTimeout(ctx, aWhile)
		defer cancel()
		request, err := http.NewRequestWithContext(limited, http.MethodGet, "https://pod/metrics", nil)
		g.Expect(err).NotTo(HaveOccurred())
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := through(limited, pod).Do(request)
		g.Expect(err).NotTo(HaveOccurred())
		defer response.Body.Close()
		g.Expect(response.StatusCode).To(Equal(http.StatusOK))
		body, err = io.ReadAll(response.Body)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(body)).To(ContainSubstring("# TYPE "))
	}).Should(Succeed(), "metrics of %s/%s", pod.Namespace, pod.Name)
	return body
}

// search finds any of very many words in a text: those that begin with the same bytes are told apart by a table.
type search struct {
	words   map[string]bool
	lengths []int
	begins  [1 << 24]bool // the first three bytes of a word
}

// newSearch searches for what identifies a student of the rosters: sourcedId, user name, other ids, e-mail address, and given
// and family name together. A family name alone is a word of the language too often, and so is a bare number.
func newSearch(rosters []roster) *search {
	GinkgoHelper()
	s := &search{words: map[string]bool{}}
	lengths := map[int]bool{}
	add := func(word string) {
		if len(word) < 4 || strings.Trim(word, "0123456789") == "" {
			return
		}
		s.words[word] = true
		lengths[len(word)] = true
		s.begins[begin([]byte(word))] = true
	}
	for i := range rosters {
		for _, person := range rosters[i].people() {
			add(person["sourcedId"])
			add(person["username"])
			add(person["email"])
			for _, id := range strings.Split(person["userIds"], ",") {
				add(id)
			}
			add(strings.TrimSpace(person["givenName"] + " " + person["familyName"]))
		}
	}
	for length := range lengths {
		s.lengths = append(s.lengths, length)
	}
	return s
}

func begin(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// in is the first word that the text holds between two boundaries, or nothing.
func (s *search) in(content []byte) string {
	for i := 0; i+3 < len(content); i++ {
		if !s.begins[begin(content[i:])] || i > 0 && alphanumeric(content[i-1]) {
			continue
		}
		for _, length := range s.lengths {
			end := i + length
			if end <= len(content) && (end == len(content) || !alphanumeric(content[end])) && s.words[string(content[i:end])] {
				return string(content[i:end])
			}
		}
	}
	return ""
}

func alphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}
