// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/evaluator"
	"github.com/juncture-dev/juncture/internal/testing/tenancy"
)

// childDir tells this test binary to be an evaluator on the files there.
const childDir = "JUNCTURE_TEST_EVALUATOR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := beEvaluator(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func beEvaluator(dir string) error {
	a, err := assignment.Load(filepath.Join(dir, "assignment"))
	if err != nil {
		return err
	}
	e, err := evaluator.New(evaluator.Options{
		Assignment: a, BundleDir: filepath.Join(dir, "bundles"), StoreDir: filepath.Join(dir, "store"), Access: allowed{},
		Clock: clock.RealClock{}, Entropy: rand.Reader, Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)), Version: "test", Grace: time.Minute,
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return e.Run(context.Background(), listener)
}

// child is an evaluator in a process of its own.
func child(t *testing.T, dir string) (*exec.Cmd, *server) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	s := &server{t: t, url: "http://" + strings.TrimSpace(address), log: log}
	for status := 0; status != http.StatusOK; {
		status, _ = s.call("GET", "/readyz", "", "")
	}
	return cmd, s
}

// An evaluator that is killed at any moment loses nothing that it acknowledged
// and does nothing twice.
func TestKilledMidRun(t *testing.T) {
	dir := t.TempDir()
	process := tenancy.Tutoring("tutoring", tenancy.OnRequest)
	tenancy.Write(t, filepath.Join(dir, "roster"), tenancy.Pupils("stu", "north", 4000), tenancy.Old)
	district := tenancy.District(t, "boston", filepath.Join(dir, "roster"), process)
	tenancy.Mount(t, dir, &assignment.Assignment{Namespace: network, Evaluator: "one", Districts: []assignment.District{district}}, process)

	type begun struct {
		ID string
		At time.Time
	}
	var acknowledged []begun
	cutOff := 0
	const kills = 12
	for i := range kills {
		cmd, s := child(t, dir)
		at := time.Date(2026, 9, 1+i, 6, 0, 0, 0, time.UTC)
		status, answer := s.call("POST", "/v1/districts/boston/runs", "all", fmt.Sprintf(`{"at":%q}`, at.Format(time.RFC3339)))
		var list struct{ Runs []begun }
		if err := json.Unmarshal([]byte(answer), &list); err != nil || status != http.StatusAccepted {
			t.Fatalf("%d %s\n%s", status, answer, s.log)
		}
		acknowledged = append(acknowledged, list.Runs...)
		time.Sleep(time.Duration(i) * 40 * time.Millisecond) // another moment each time: nothing depends on which
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if !strings.Contains(s.log.String(), list.Runs[0].ID) {
			cutOff++
		}
	}
	if cutOff == 0 {
		t.Errorf("no run was cut off: the test tests nothing")
	}

	cmd, s := child(t, dir)
	for _, run := range acknowledged {
		got := get[begun](s, "GET", "/v1/districts/boston/runs/"+run.ID+"?wait=true", "")
		if !got.At.Equal(run.At) {
			t.Errorf("run %s was begun at %s and done at %s", run.ID, run.At, got.At)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()

	store, err := ledger.Open(filepath.Join(dir, "store"), ledger.Options{District: "boston", Entropy: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	runs, err := store.Runs(t.Context(), "")
	if err != nil || len(runs) != kills {
		t.Fatalf("%d runs are in the record, want %d: %v", len(runs), kills, err)
	}
	seen := map[string]bool{}
	decisions := 0
	for d, err := range store.Decisions(t.Context(), ledger.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[d.ID] {
			t.Fatal("a decision is in the record twice")
		}
		seen[d.ID] = true
		decisions++
	}
	if decisions != kills*4000 {
		t.Errorf("%d decisions, want %d", decisions, kills*4000)
	}
	report, err := store.Verify(t.Context(), nil)
	if err != nil || !report.Whole() || len(report.Notes) > 0 {
		t.Errorf("the record: %+v, %v", report, err)
	}
	t.Logf("%d of %d runs were cut off", cutOff, kills)
}
