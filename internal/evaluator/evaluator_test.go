// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/export"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/evaluator"
	"github.com/juncture-dev/juncture/internal/evaluator/access"
	"github.com/juncture-dev/juncture/internal/evaluator/httpapi"
	"github.com/juncture-dev/juncture/internal/pipeline"
	"github.com/juncture-dev/juncture/internal/testing/tenancy"
)

// allowed lets callers do what their token says: "district verb/subresource,…",
// with * for any.
type allowed struct{}

func (allowed) Check(_ context.Context, header http.Header, do access.Action) error {
	token, _ := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
	switch token {
	case "":
		return access.ErrUnauthenticated
	case "unreachable":
		return access.ErrUnavailable
	case "all":
		return nil
	}
	district, actions, _ := strings.Cut(token, " ")
	if district == do.District && strings.Contains(","+actions+",", ","+do.Verb+"/"+do.Subresource+",") {
		return nil
	}
	return access.ErrForbidden
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// server is a running evaluator.
type server struct {
	t    testing.TB
	url  string
	log  *syncBuffer
	stop func()
}

// serve runs an evaluator for these districts until the test ends.
func serve(t testing.TB, dir string, districts []assignment.District, process *bundle.Bundle, changes ...func(*evaluator.Options)) *server {
	t.Helper()
	a := &assignment.Assignment{Namespace: "network", Evaluator: "one", Districts: districts}
	assignmentDir, bundleDir := tenancy.Mount(t, dir, a, process)
	loaded, err := assignment.Load(assignmentDir)
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	o := evaluator.Options{
		Assignment: loaded, BundleDir: bundleDir, StoreDir: filepath.Join(dir, "store"), Access: allowed{}, Clock: clock.RealClock{},
		Entropy: rand.Reader, Log: slog.New(slog.NewJSONHandler(log, nil)), Version: "test", Grace: 10 * time.Second,
	}
	for _, change := range changes {
		change(&o)
	}
	e, err := evaluator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, listener) }()
	s := &server{t: t, url: "http://" + listener.Addr().String(), log: log}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	for ready := false; !ready; { // each look waits for the server, not for luck: it answers only when it has looked
		status, _ := s.call("GET", "/readyz", "", "")
		ready = status == http.StatusOK
	}
	return s
}

func (s *server) call(method, path, token, body string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// get decodes an answer that must be good.
func get[T any](s *server, method, path, body string) T {
	s.t.Helper()
	status, content := s.call(method, path, "all", body)
	var into T
	if status/100 != 2 {
		s.t.Fatalf("%s %s: %d %s\n%s", method, path, status, content, s.log)
	}
	if err := json.Unmarshal([]byte(content), &into); err != nil {
		s.t.Fatalf("%s %s: %v in %s", method, path, err, content)
	}
	return into
}

type runList struct{ Runs []httpapi.Run }

type page struct {
	Decisions []struct{ ID, Student, State, Current string }
	Next      string
}

// run requests a run and waits for its end.
func (s *server) run(district, body string) httpapi.Run {
	s.t.Helper()
	begun := get[runList](s, "POST", "/v1/districts/"+district+"/runs", body)
	return get[httpapi.Run](s, "GET", "/v1/districts/"+district+"/runs/"+begun.Runs[0].ID+"?wait=true", "")
}

const instant = "2026-09-01T06:00:00Z"

func body(seed string) string {
	return fmt.Sprintf(`{"at":%q,"seed":%q}`, instant, seed)
}

// one is an evaluator of one district.
func one(t testing.TB, pupils int) (*server, assignment.District, *bundle.Bundle) {
	dir := t.TempDir()
	process := tenancy.Tutoring("tutoring", tenancy.OnRequest)
	tenancy.Write(t, filepath.Join(dir, "roster"), tenancy.Pupils("stu", "north", pupils), tenancy.Old)
	district := tenancy.District(t, "boston", filepath.Join(dir, "roster"), process)
	return serve(t, dir, []assignment.District{district}, process), district, process
}

func TestDecisionsAreThoseOfThePipeline(t *testing.T) {
	s, district, process := one(t, 250)
	if run := s.run("boston", body("0badcafe0badcafe")); run.State != "Committed" || run.Decisions != 250 {
		t.Fatalf("got %+v", run)
	}
	program := tenancy.Compile(t, process)[district.Processes[0].Revision]
	at, _ := time.Parse(time.RFC3339, instant)
	zone, _ := time.LoadLocation(district.TimeZone)
	out, err := pipeline.DistrictRun(t.Context(), pipeline.Input{
		District: "boston", Source: district.Source.Path, Zone: zone, At: at, Seed: []byte{0x0b, 0xad, 0xca, 0xfe, 0x0b, 0xad, 0xca, 0xfe},
		Due: []pipeline.Due{{Program: program, Trigger: "request/other"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := export.Write(export.CSV, &want, export.Columns(process), out.Runs[0].Batch.Decisions.All()); err != nil {
		t.Fatal(err)
	}
	_, got := s.call("GET", "/v1/districts/boston/decisions?format=csv", "all", "")
	if diff := cmp.Diff(want.String(), got); diff != "" {
		t.Fatalf("the API's CSV is not what the pipeline decides (-want +got):\n%s", diff)
	}
	request, _ := http.NewRequest("GET", s.url+"/v1/districts/boston/decisions", nil)
	request.Header.Set("Accept", "text/csv")
	request.Header.Set("Authorization", "Bearer all")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if content, _ := io.ReadAll(response.Body); string(content) != got {
		t.Error("Accept: text/csv gives something else than format=csv")
	}
}

func TestPagesHoldEachDecisionOnce(t *testing.T) {
	s, _, _ := one(t, 250)
	for range 2 {
		s.run("boston", `{}`)
	}
	for query, want := range map[string]int{"": 250, "&history=true": 500, "&student=stu-00007": 1, "&state=Proposed": 2, "&state=Superseded": 250} {
		seen := map[string]bool{}
		cursor := ""
		for pages := 0; ; pages++ {
			page := get[page](s, "GET", "/v1/districts/boston/decisions?limit=7&cursor="+url.QueryEscape(cursor)+query, "")
			for _, d := range page.Decisions {
				if seen[d.ID] {
					t.Errorf("%s: a decision is there twice", query)
				}
				seen[d.ID] = true
			}
			if cursor = page.Next; cursor == "" || pages > 100 {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%s: got %d decisions, want %d", query, len(seen), want)
		}
	}
}

// TestADecisionWithoutALeafIsExplained: a decision whose run is proved as a whole
// is given and explained like any other, and its proof says what proves it.
func TestADecisionWithoutALeafIsExplained(t *testing.T) {
	dir, process := t.TempDir(), tenancy.Tutoring("tutoring", tenancy.OnRequest)
	tenancy.Write(t, filepath.Join(dir, "roster"), tenancy.Pupils("stu", "north", 30), tenancy.Old)
	district := tenancy.District(t, "boston", filepath.Join(dir, "roster"), process)
	s := serve(t, dir, []assignment.District{district}, process)
	run := s.run("boston", `{}`)
	id := get[page](s, "GET", "/v1/districts/boston/decisions?student=stu-00003", "").Decisions[0].ID
	s.stop()

	another := t.TempDir()
	var stores []*ledger.Ledger
	for _, in := range []string{dir, another} {
		store, err := ledger.Open(filepath.Join(in, "store"), ledger.Options{District: "boston", Entropy: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		stores = append(stores, store)
	}
	ledgertest.WithoutLeaves(t, stores[0], stores[1])
	for _, store := range stores {
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}

	s = serve(t, another, []assignment.District{district}, process)
	p := get[struct{ Proof httpapi.Proof }](s, "GET", "/v1/districts/boston/decisions/"+id, "").Proof
	if p.By != ledger.ProofPerRun || p.Run != run.ID || len(p.Segment) != 71 || p.Root != "" || p.Leaf != "" || p.Path != nil {
		t.Errorf("got %+v", p)
	}
	why := get[struct {
		Replay struct{ Same bool }
		Reason map[string]string
	}](s, "GET", "/v1/districts/boston/decisions/"+id+"/explanation", "")
	if !why.Replay.Same || why.Reason["en"] != "The score is 3, below 40." {
		t.Errorf("got %+v", why)
	}
}

func TestADecisionIsExplained(t *testing.T) {
	s, _, _ := one(t, 30)
	run := s.run("boston", `{}`)
	id := get[page](s, "GET", "/v1/districts/boston/decisions?student=stu-00003", "").Decisions[0].ID
	found := get[struct {
		Decision struct{ Student, Run, Current string }
		Proof    httpapi.Proof
	}](s, "GET", "/v1/districts/boston/decisions/"+id, "")
	if found.Decision.Student != "stu-00003" || found.Decision.Run != run.ID || found.Proof.Root != run.Root || found.Proof.By != ledger.ProofPerDecision {
		t.Errorf("got %+v", found)
	}
	why := get[struct {
		Replay struct{ Same bool }
		Reason map[string]string
		Place  struct{ Rank, Waiting int }
	}](s, "GET", "/v1/districts/boston/decisions/"+id+"/explanation", "")
	if !why.Replay.Same || why.Reason["en"] != "The score is 3, below 40." || why.Place.Rank != 4 || why.Place.Waiting != 2 {
		t.Errorf("got %+v", why)
	}
	status, text := s.call("GET", "/v1/districts/boston/decisions/"+id+"/explanation?format=text", "all", "")
	if status != http.StatusOK || !strings.Contains(text, "The score is 3, below 40.") || json.Valid([]byte(text)) {
		t.Errorf("the explanation as text: %d\n%s", status, text)
	}
	tasks := get[struct{ Tasks []httpapi.Task }](s, "GET", "/v1/districts/boston/tasks?state=Open", "")
	if len(tasks.Tasks) != 2 || tasks.Tasks[0].Agent != "counsellor" {
		t.Errorf("tasks %+v", tasks.Tasks)
	}
	if status, _ := s.call("GET", "/v1/districts/boston/decisions/"+strings.Repeat("0", 64), "all", ""); status != http.StatusNotFound {
		t.Errorf("an unknown decision gives %d", status)
	}
}

func TestTheSameKeyStartsOneRun(t *testing.T) {
	s, _, _ := one(t, 30)
	post := func(key, body string) (int, string) {
		request, _ := http.NewRequest("POST", s.url+"/v1/districts/boston/runs", strings.NewReader(body))
		request.Header.Set("Authorization", "Bearer all")
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(content)
	}
	status, first := post("k", body("0101010101010101"))
	var list runList
	if err := json.Unmarshal([]byte(first), &list); err != nil || status != http.StatusAccepted {
		t.Fatalf("%d %s", status, first)
	}
	get[httpapi.Run](s, "GET", "/v1/districts/boston/runs/"+list.Runs[0].ID+"?wait=true", "")
	if status, again := post("k", body("0101010101010101")); status != http.StatusOK || !strings.Contains(again, list.Runs[0].ID) {
		t.Errorf("again: %d %s", status, again)
	}
	if status, other := post("k", `{"at":"2026-10-01T06:00:00Z"}`); status != http.StatusConflict {
		t.Errorf("another request under the key: %d %s", status, other)
	}
	if runs := get[runList](s, "GET", "/v1/districts/boston/runs", ""); len(runs.Runs) != 1 {
		t.Errorf("%d runs", len(runs.Runs))
	}
}

func TestDistrictsDoNotMeet(t *testing.T) {
	dir := t.TempDir()
	process := tenancy.Tutoring("tutoring", tenancy.OnRequest)
	var districts []assignment.District
	for _, name := range []string{"boston", "lowell", "salem"} {
		roster := filepath.Join(dir, "rosters", name)
		tenancy.Write(t, roster, tenancy.Pupils(name, "north", 40), tenancy.Old)
		districts = append(districts, tenancy.District(t, name, roster, process))
	}
	if err := os.Remove(filepath.Join(dir, "rosters", "salem", "users.csv")); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir, districts, process)
	boston, lowell := s.run("boston", `{}`), s.run("lowell", `{}`)
	if boston.State != "Committed" || lowell.State != "Committed" {
		t.Fatalf("boston %+v, lowell %+v", boston, lowell)
	}
	if salem := s.run("salem", `{}`); salem.State != "Failed" || !strings.Contains(salem.Error, "users.csv") {
		t.Fatalf("salem %+v", salem)
	}
	for _, path := range []string{"decisions?format=csv", "decisions?history=true&limit=1000", "decisions?student=lowell-00003", "tasks", "runs", "record", "runs/" + boston.ID} {
		_, content := s.call("GET", "/v1/districts/boston/"+path, "all", "")
		if strings.Contains(content, "lowell") {
			t.Errorf("%s of boston shows lowell:\n%s", path, content)
		}
	}
	id := get[page](s, "GET", "/v1/districts/lowell/decisions?limit=1", "").Decisions[0].ID
	for _, path := range []string{"decisions/" + id, "decisions/" + id + "/explanation", "runs/" + lowell.ID} {
		if status, content := s.call("GET", "/v1/districts/boston/"+path, "all", ""); status != http.StatusNotFound {
			t.Errorf("boston gives lowell's %s: %d %s", path, status, content)
		}
	}
	if status, content := s.call("GET", "/metrics", "", ""); status != 200 || strings.Contains(content, "-000") || !strings.Contains(content, `juncture_evaluator_decisions{district="boston",process="tutoring"} 40`) {
		t.Errorf("metrics: %d\n%s", status, content)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	s, _, _ := one(t, 30)
	run := s.run("boston", `{}`)
	id := get[page](s, "GET", "/v1/districts/boston/decisions?limit=1", "").Decisions[0].ID
	const district = "/v1/districts/boston"
	for _, c := range []struct{ method, path, needs string }{
		{"GET", "/decisions", "list/decisions"},
		{"GET", "/decisions?format=csv", "list/decisions"},
		{"GET", "/decisions/" + id, "get/decisions"},
		{"GET", "/decisions/" + id + "/explanation", "get/explanations"},
		{"GET", "/runs", "get/runs"},
		{"GET", "/runs/" + run.ID, "get/runs"},
		{"POST", "/runs", "create/runs"},
		{"GET", "/tasks", "list/tasks"},
		{"GET", "/record", "get/record"},
	} {
		t.Run(c.method+" "+strings.ReplaceAll(c.path, id, "ID"), func(t *testing.T) {
			content := ""
			if c.method == "POST" {
				content = "{}"
			}
			for token, want := range map[string]int{
				"": 401, "unreachable": 503, "boston": 403, "lowell " + c.needs: 403, "boston " + c.needs: 200,
				"boston " + strings.Replace(c.needs, "/", "/x", 1): 403,
			} {
				status, answer := s.call(c.method, district+c.path, token, content)
				if want == 200 && status == 202 {
					status = 200
				}
				if status != want {
					t.Errorf("token %q: %d, want %d: %s", token, status, want, answer)
				}
				if want != 200 && !strings.Contains(answer, `"status":`) {
					t.Errorf("token %q: no problem+json: %s", token, answer)
				}
			}
		})
	}
	if status, answer := s.call("GET", "/v1/districts/elsewhere/decisions", "boston list/decisions", ""); status != 403 {
		t.Errorf("whether another district exists shows: %d %s", status, answer)
	}
	if _, answer := s.call("GET", "/v1/districts", "lowell list/decisions", ""); strings.Contains(answer, "boston") {
		t.Errorf("the list shows a district that the caller may not read: %s", answer)
	}
	if _, answer := s.call("GET", "/v1/districts", "boston list/decisions", ""); !strings.Contains(answer, "boston") {
		t.Errorf("the list lacks boston: %s", answer)
	}
}

func TestBadRequestsAreToldSo(t *testing.T) {
	s, _, _ := one(t, 30)
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/runs", `{"seed":"xyz"}`, 422},
		{"POST", "/runs", `{"seed":"abc"}`, 422},
		{"POST", "/runs", `{"seed":"00"}`, 422},
		{"POST", "/runs", `{"at":"yesterday"}`, 422},
		{"POST", "/runs", `{"process":"unknown"}`, 422},
		{"POST", "/runs", `{"surprise":1}`, 422},
		{"POST", "/runs", `{`, 400},
		{"POST", "/runs", `{"seed":"` + strings.Repeat("00", 64<<10) + `"}`, 413},
		{"GET", "/decisions?limit=0", "", 422},
		{"GET", "/decisions?state=Sleeping", "", 422},
		{"GET", "/decisions?cursor=!!", "", 422},
		{"GET", "/decisions?format=xls", "", 422},
		{"GET", "/decisions/short", "", 422},
		{"GET", "/runs/short", "", 422},
		{"GET", "/nothing", "", 404},
		{"DELETE", "/runs", "", 405},
	} {
		if status, answer := s.call(c.method, "/v1/districts/boston"+c.path, "all", c.body); status != c.want {
			t.Errorf("%s %s %.40s: %d, want %d: %.300s", c.method, c.path, c.body, status, c.want, answer)
		}
	}
	if runs := get[runList](s, "GET", "/v1/districts/boston/runs", ""); len(runs.Runs) != 0 {
		t.Errorf("a bad request began a run: %+v", runs.Runs)
	}
}

func TestNoStudentInTheServersLog(t *testing.T) {
	s, _, _ := one(t, 30)
	s.run("boston", `{}`)
	id := get[page](s, "GET", "/v1/districts/boston/decisions?student=stu-00003", "").Decisions[0].ID
	s.call("GET", "/v1/districts/boston/decisions/"+id+"/explanation", "all", "")
	s.call("GET", "/v1/districts/boston/decisions?student=stu-00003&state=bad", "all", "")
	s.call("GET", "/v1/districts/boston/decisions?cursor=stu-00003", "all", "")
	s.stop()
	for _, secret := range []string{"stu-", id, tenancy.Given, tenancy.Family, "Bearer"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, s.log)
		}
	}
	if !strings.Contains(s.log.String(), "explanation") {
		t.Errorf("the log does not tell of requests:\n%s", s.log)
	}
}

func TestABundleThatIsNotWhatItsDigestSaysStopsTheStart(t *testing.T) {
	dir := t.TempDir()
	process := tenancy.Tutoring("tutoring", tenancy.OnRequest)
	district := tenancy.District(t, "boston", dir, process)
	a := &assignment.Assignment{Namespace: "network", Evaluator: "one", Districts: []assignment.District{district}}
	_, bundles := tenancy.Mount(t, dir, a, process)
	name := filepath.Join(bundles, string(district.Processes[0].Revision), assignment.BundleFile)
	content, _ := os.ReadFile(name)
	if err := os.WriteFile(name, bytes.Replace(content, []byte("40.0"), []byte("50.0"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := evaluator.New(evaluator.Options{Assignment: a, BundleDir: bundles, StoreDir: dir, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "was altered") {
		t.Fatalf("got %v", err)
	}
}

func TestARecordThatCannotBeOpenedHarmsNobodyElse(t *testing.T) {
	dir := t.TempDir()
	process := tenancy.Tutoring("tutoring", tenancy.OnRequest)
	var districts []assignment.District
	for _, name := range []string{"boston", "lowell"} {
		roster := filepath.Join(dir, "rosters", name)
		tenancy.Write(t, roster, tenancy.Pupils(name, "north", 40), tenancy.Old)
		districts = append(districts, tenancy.District(t, name, roster, process))
	}
	tenancy.File(t, filepath.Join(dir, "store", "lowell", "live.db"), "this is no database", tenancy.Old)
	s := serve(t, dir, districts, process)
	if run := s.run("boston", `{}`); run.State != "Committed" {
		t.Fatalf("got %+v", run)
	}
	if status, answer := s.call("GET", "/v1/districts/lowell/decisions", "all", ""); status != http.StatusServiceUnavailable {
		t.Errorf("lowell: %d %s", status, answer)
	}
	if _, answer := s.call("GET", "/readyz", "", ""); !strings.Contains(answer, "lowell") {
		t.Errorf("readiness does not name lowell: %s", answer)
	}
}

func BenchmarkHTTP(b *testing.B) {
	s, _, _ := one(b, 10000)
	s.run("boston", `{}`)
	id := get[page](s, "GET", "/v1/districts/boston/decisions?limit=1", "").Decisions[0].ID
	for name, path := range map[string]string{
		"decision": "/decisions/" + id, "explanation": "/decisions/" + id + "/explanation", "student": "/decisions?student=stu-05000", "csv": "/decisions?format=csv",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if status, answer := s.call("GET", "/v1/districts/boston"+path, "all", ""); status != 200 {
					b.Fatal(answer)
				}
			}
		})
	}
}
