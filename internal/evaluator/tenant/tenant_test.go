// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	testingclock "k8s.io/utils/clock/testing"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/evaluator/source"
	"github.com/juncture-dev/juncture/internal/testing/tenancy"
)

var morning = time.Date(2026, 9, 1, 13, 0, 0, 0, time.UTC)

// bench is a district on a fake clock, with its loop in the test's hands.
type bench struct {
	*District
	t      *testing.T
	clock  *testingclock.FakeClock
	roster string
	log    *bytes.Buffer
	dir    string
}

func newBench(t *testing.T, bundles ...*bundle.Bundle) *bench {
	b := &bench{t: t, clock: testingclock.NewFakeClock(morning), log: &bytes.Buffer{}, dir: t.TempDir()}
	b.roster = filepath.Join(b.dir, "roster")
	b.write(tenancy.Pupils("stu", "north", 30))
	b.start(bundles...)
	t.Cleanup(func() { b.Close() })
	return b
}

// start starts the evaluator's part for the district, as after a restart.
func (b *bench) start(bundles ...*bundle.Bundle) {
	b.t.Helper()
	b.startAs(tenancy.District(b.t, "boston", b.roster, bundles...), bundles...)
}

func (b *bench) startAs(assigned assignment.District, bundles ...*bundle.Bundle) {
	b.t.Helper()
	d, err := New(Options{
		Assigned: assigned, Programs: tenancy.Compile(b.t, bundles...), Store: filepath.Join(b.dir, "store"), Clock: b.clock,
		Entropy: rand.Reader, Log: slog.New(slog.NewJSONHandler(b.log, nil)), Slots: make(chan struct{}, 1), Workers: 2,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if b.District != nil {
		b.Close()
	}
	b.District = d
}

func (b *bench) write(pupils []tenancy.Pupil) {
	b.t.Helper()
	tenancy.Write(b.t, b.roster, pupils, b.clock.Now().Add(-time.Hour).Add(time.Duration(len(pupils))*time.Second))
}

func (b *bench) step() time.Duration {
	b.t.Helper()
	return b.turn(b.t.Context(), b.t.Context())
}

// after moves the clock and lets the district work.
func (b *bench) after(d time.Duration) {
	b.t.Helper()
	b.clock.Step(d)
	b.step()
}

func (b *bench) runs() []ledger.Run {
	b.t.Helper()
	runs, err := b.store.Runs(b.t.Context(), "")
	if err != nil {
		b.t.Fatal(err)
	}
	return runs
}

func (b *bench) wantRuns(n int) []ledger.Run {
	b.t.Helper()
	runs := b.runs()
	if len(runs) != n {
		b.t.Fatalf("the record has %d runs, want %d\n%s", len(runs), n, b.log)
	}
	return runs
}

func (b *bench) wantSource(want source.Reason) {
	b.t.Helper()
	if got := b.State().Source; got.Reason != want {
		b.t.Fatalf("source: reason %q (%s), want %q\n%s", got.Reason, got.Message, want, b.log)
	}
}

func TestARequestedRunIsDone(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnRequest))
	b.step()
	b.wantRuns(0)
	at := morning.Add(-time.Hour)
	begun, err := b.Request(t.Context(), Request{ID: "one", At: at, Seed: []byte{1, 2}})
	if err != nil || len(begun) != 1 || begun[0].State != ledger.RunPending {
		t.Fatalf("begun %+v, %v", begun, err)
	}
	b.step()
	run := b.wantRuns(1)[0]
	if !run.At.Equal(at) || run.Trigger != "request/one" || !bytes.Equal(run.Seed, []byte{1, 2}) || run.Counts.Decisions != 30 {
		t.Fatalf("got %+v", run)
	}
	if again, err := b.Request(t.Context(), Request{ID: "one", At: morning}); err != nil || again[0].ID != run.ID || again[0].State != ledger.RunCommitted {
		t.Fatalf("the same request again gave %+v, %v", again, err)
	}
	b.step()
	b.wantRuns(1)
}

func TestALotteryGoesOnWithItsSeed(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnRequest))
	b.step()
	for i := range 2 {
		if _, err := b.Request(t.Context(), Request{ID: fmt.Sprint(i), At: morning}); err != nil {
			t.Fatal(err)
		}
		b.step()
		b.start(tenancy.Tutoring("tutoring", tenancy.OnRequest))
		b.step()
	}
	runs := b.wantRuns(2)
	if len(runs[0].Seed) != seedBytes || !bytes.Equal(runs[0].Seed, runs[1].Seed) {
		t.Fatalf("seeds %x and %x", runs[0].Seed, runs[1].Seed)
	}
}

func TestTheNewestMissedScheduleIsMadeUpFor(t *testing.T) {
	process := tenancy.Tutoring("tutoring", tenancy.Nightly)
	b := newBench(t, process)
	b.step() // the schedule begins to count here
	b.wantRuns(0)
	b.clock.Step(3*24*time.Hour + time.Hour)
	b.start(process)
	b.step()
	run := b.wantRuns(1)[0]
	if want := "schedule/2026-09-04T02:00:00-04:00"; run.Trigger != want || !run.At.Equal(time.Date(2026, 9, 4, 6, 0, 0, 0, time.UTC)) {
		t.Fatalf("ran %s at %s, want %s", run.Trigger, run.At, want)
	}
	if !strings.Contains(b.log.String(), `"skipped":2`) {
		t.Fatalf("the log does not say how many were skipped:\n%s", b.log)
	}
	b.step()
	b.after(15 * time.Hour)
	b.wantRuns(1)
	b.after(2 * time.Hour)
	b.wantRuns(2)
}

// A missed schedule must not put decisions in force that are older than those a
// request made meanwhile.
func TestAMissedScheduleDoesNotReplaceALaterRequest(t *testing.T) {
	process := tenancy.Tutoring("tutoring", tenancy.Nightly, tenancy.OnRequest)
	b := newBench(t, process)
	b.step() // the schedule begins to count here
	b.clock.Step(24 * time.Hour)
	at := b.clock.Now().Add(-time.Minute)
	if _, err := b.Request(t.Context(), Request{ID: "one", At: at}); err != nil {
		t.Fatal(err)
	}
	b.start(process)
	b.step()
	if run := b.wantRuns(1)[0]; run.Trigger != "request/one" {
		t.Fatalf("got %+v", run)
	}
	b.after(24 * time.Hour)
	if run := b.wantRuns(2)[1]; run.Trigger != "schedule/2026-09-03T02:00:00-04:00" {
		t.Fatalf("got %+v, want the next night's", run)
	}
}

// A clock that is set back must not put older decisions in force.
func TestAClockThatWentBack(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnChange))
	b.step()
	first := b.wantRuns(1)[0]
	b.clock.SetTime(morning.Add(-48 * time.Hour))
	b.write(tenancy.Pupils("stu", "north", 31))
	b.start(tenancy.Tutoring("tutoring", tenancy.OnChange))
	b.step()
	b.after(time.Minute)
	if second := b.wantRuns(2)[1]; second.At.Before(first.At) || second.Counts.Decisions != 31 {
		t.Fatalf("decided anew at %s, before %s", second.At, first.At)
	}
}

func TestNewInformationIsDecidedOnOnce(t *testing.T) {
	process := tenancy.Tutoring("tutoring", tenancy.OnChange)
	b := newBench(t, process)
	b.step()
	b.wantRuns(1)
	b.after(time.Minute)
	b.start(process)
	b.step()
	b.wantRuns(1)

	first := tenancy.Pupils("stu", "north", 30)
	b.write(tenancy.Pupils("stu", "north", 31))
	b.after(time.Minute)
	b.wantRuns(2)
	b.write(first) // an earlier roster that comes back is news, too
	b.after(time.Minute)
	b.wantRuns(3)

	b.start(tenancy.Tutoring("tutoring", tenancy.OnChange, tenancy.OnRequest)) // another revision
	b.step()
	if runs := b.wantRuns(4); runs[3].Revision == runs[2].Revision {
		t.Fatal("the new revision did not decide on the present roster")
	}
}

func TestOnlyNamedAttributesMatter(t *testing.T) {
	trigger := bundle.Trigger{Information: &bundle.InformationTrigger{Attributes: []string{"score"}}}
	b := newBench(t, tenancy.Tutoring("tutoring", trigger))
	b.step()
	b.wantRuns(1)
	file := filepath.Join(b.roster, "users.csv")
	content, _ := os.ReadFile(file)
	tenancy.File(t, file, strings.ReplaceAll(string(content), tenancy.Given, "Bertha"), tenancy.Old)
	b.after(time.Minute)
	b.wantRuns(1)
	b.wantSource("")
	pupils := tenancy.Pupils("stu", "north", 30)
	pupils[3].Score = "99"
	b.write(pupils)
	b.after(time.Minute)
	b.wantRuns(2)
}

func TestATornRosterChangesNothing(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnChange, tenancy.Nightly))
	b.step()
	b.wantRuns(1)
	users := filepath.Join(b.roster, "users.csv")
	whole, _ := os.ReadFile(users)
	tenancy.File(t, users, strings.Replace(string(whole), "sourcedId", "id", 1), b.clock.Now().Add(-time.Minute))
	b.after(time.Minute)
	b.wantSource(source.Invalid)
	b.after(24 * time.Hour) // the schedule cannot decide on it either
	b.wantRuns(1)
	b.wantSource(source.Invalid)
	if s := b.State(); s.Processes[0].Last == nil || s.Processes[0].Error != "" {
		t.Fatalf("got %+v", s.Processes[0])
	}
	tenancy.File(t, users, string(whole), b.clock.Now().Add(-time.Minute))
	b.after(time.Minute)
	b.wantSource("")
	if runs := b.wantRuns(2); !strings.HasPrefix(runs[1].Trigger, "schedule/") {
		t.Fatalf("the missed schedule was not made up for: %s", runs[1].Trigger)
	}
}

func TestARosterThatIsBeingWrittenIsLeftAlone(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnChange))
	tenancy.Write(t, b.roster, tenancy.Pupils("stu", "north", 31), morning.Add(-time.Second))
	if wait := b.step(); wait != settle {
		t.Fatalf("looks again in %s, want %s", wait, settle)
	}
	b.wantRuns(0)
	b.after(settle)
	b.wantRuns(1)
}

func TestMostStudentsMissingNeedsAWord(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnChange, tenancy.Nightly, tenancy.OnRequest))
	b.step()
	before := b.wantRuns(1)[0]
	b.write(tenancy.Pupils("stu", "north", 14))
	b.after(time.Minute)
	b.after(24 * time.Hour)
	b.wantRuns(1)
	b.wantSource(source.Invalid)
	if held, err := b.store.Held(t.Context(), "tutoring"); err != nil || len(held) != before.Counts.Seats || len(held) == 0 {
		t.Fatalf("%d places are held (%v), want %d", len(held), err, before.Counts.Seats)
	}
	if message := b.State().Source.Message; strings.Contains(message, "14") || !strings.Contains(message, "acceptFewerStudents") {
		t.Fatalf("message %q", message)
	}

	begun, err := b.Request(t.Context(), Request{ID: "plain", At: b.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	b.step()
	b.wantRuns(1)
	if o, ok := b.Outcome(begun[0].ID); !ok || !strings.Contains(o.Error, "acceptFewerStudents") {
		t.Fatalf("outcome %+v %v", o, ok)
	}
	if _, err := b.Request(t.Context(), Request{ID: "sure", At: b.clock.Now(), AcceptFewer: true}); err != nil {
		t.Fatal(err)
	}
	b.step()
	runs := b.runs()
	if len(runs) < 2 || runs[1].Counts.Students != 14 || runs[1].Trigger != "request/sure/accept-fewer-students" {
		t.Fatalf("got %+v", runs)
	}
	b.after(time.Minute)
	b.wantSource("")
}

// cutOff begins a run and ends before it is done.
func (b *bench) cutOff(r Request) ledger.Run {
	b.t.Helper()
	begun, err := b.Request(b.t.Context(), r)
	if err != nil {
		b.t.Fatal(err)
	}
	ended, cancel := context.WithCancel(b.t.Context())
	cancel()
	b.turn(b.t.Context(), ended)
	b.wantRuns(0)
	return begun[0]
}

func TestARunThatWasCutOffIsDoneAsItWasBegun(t *testing.T) {
	process := tenancy.Tutoring("tutoring", tenancy.OnRequest)
	b := newBench(t, process)
	b.step()
	begun := b.cutOff(Request{ID: "one", At: morning.Add(-time.Hour), Seed: []byte("abc")})
	b.clock.Step(time.Hour)
	b.start(process)
	b.step()
	if run := b.wantRuns(1)[0]; run.ID != begun.ID || !run.At.Equal(begun.At) || string(run.Seed) != "abc" {
		t.Fatalf("got %+v, want %+v", run, begun)
	}
}

func TestAnAcknowledgedRequestOutlivesARevision(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnRequest))
	b.step()
	begun := b.cutOff(Request{ID: "one", At: morning.Add(-time.Hour), Seed: []byte("abc")})
	b.start(tenancy.Tutoring("tutoring", tenancy.OnRequest, tenancy.Nightly))
	b.step()
	run := b.wantRuns(1)[0]
	if run.Revision == begun.Revision || run.Trigger != begun.Trigger || !run.At.Equal(begun.At) || string(run.Seed) != "abc" {
		t.Fatalf("got %+v, want what %+v asked for, by the new revision", run, begun)
	}
	if pending, err := b.store.PendingRuns(t.Context()); err != nil || len(pending) > 0 {
		t.Fatalf("pending %v, %v", pending, err)
	}
}

func TestARosterThatIsNotThereIsWaitedFor(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnRequest))
	if err := os.Rename(b.roster, b.roster+"-away"); err != nil {
		t.Fatal(err)
	}
	b.step()
	b.wantSource(source.NotFound)
	if _, err := b.Request(t.Context(), Request{ID: "one", At: morning}); err != nil {
		t.Fatal(err)
	}
	if wait := b.step(); wait <= 0 || wait > b.check() {
		t.Fatalf("looks again in %s", wait)
	}
	b.wantRuns(0)
	if err := os.Rename(b.roster+"-away", b.roster); err != nil {
		t.Fatal(err)
	}
	b.after(time.Minute)
	b.wantRuns(1)
}

func TestWhatCannotBeRequested(t *testing.T) {
	nightly, open := tenancy.Tutoring("nightly", tenancy.Nightly), tenancy.Tutoring("open", tenancy.OnRequest)
	b := newBench(t, nightly, open)
	b.step()
	for process, want := range map[string]string{"nightly": "cannot be requested", "unknown": ErrNoProcess.Error()} {
		if _, err := b.Request(t.Context(), Request{ID: "x", Process: process, At: morning}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", process, err, want)
		}
	}
	if _, err := b.Request(t.Context(), Request{ID: "x", Process: "open", At: morning.Add(time.Hour)}); err == nil || !strings.Contains(err.Error(), "in the future") {
		t.Errorf("a future instant: got %v", err)
	}
	if begun, err := b.Request(t.Context(), Request{ID: "x", At: morning}); err != nil || len(begun) != 1 || begun[0].Process != "open" {
		t.Errorf("got %v, %v", begun, err)
	}
	suspended := tenancy.District(t, "boston", b.roster, nightly, open)
	suspended.Suspend = true
	b.startAs(suspended, nightly, open)
	b.step()
	if _, err := b.Request(t.Context(), Request{ID: "y", At: morning}); err == nil || !strings.Contains(err.Error(), "suspended") {
		t.Errorf("got %v", err)
	}
	b.after(24 * time.Hour)
	b.wantRuns(0)
}

func TestNoRunStartsOnADamagedRecord(t *testing.T) {
	process := tenancy.Tutoring("tutoring", tenancy.OnChange, tenancy.OnRequest)
	b := newBench(t, process)
	b.step()
	run := b.wantRuns(1)[0]
	b.Close()
	segments, _ := filepath.Glob(filepath.Join(b.dir, "store", "boston", "segments", "*"))
	if len(segments) != 1 {
		t.Fatalf("segments %v", segments)
	}
	content, _ := os.ReadFile(segments[0])
	content[len(content)/2] ^= 1
	if err := os.Chmod(segments[0], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(segments[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	b.start(process)
	b.write(tenancy.Pupils("stu", "north", 33))
	if err := b.open(); err != nil {
		t.Fatal(err)
	}
	b.set(func(s *State) { s.Open = Open })
	b.VerifyWhenDue(t.Context())
	if damage := b.State().Record.Damage; !strings.Contains(damage, run.ID[:8]) && damage == "" {
		t.Fatalf("damage %q", damage)
	}
	b.after(time.Minute)
	b.wantRuns(1)
	if _, err := b.Request(t.Context(), Request{ID: "y", At: morning}); err == nil || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("got %v", err)
	}

	content[len(content)/2] ^= 1
	if err := os.WriteFile(segments[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	b.clock.Step(verifyDamaged)
	b.VerifyWhenDue(t.Context())
	b.step()
	b.wantRuns(2)
}

// A roster behind a URL is decided on, and its change noticed, like one on a
// volume.
func TestARosterBehindAURL(t *testing.T) {
	process := tenancy.Tutoring("tutoring", tenancy.OnChange)
	b := newBench(t, process)
	password, tag := "old", 1
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, given, _ := r.BasicAuth(); given != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("ETag", fmt.Sprint(tag))
		if r.Header.Get("If-None-Match") != fmt.Sprint(tag) {
			zipped := zip.NewWriter(w)
			_ = zipped.AddFS(os.DirFS(b.roster))
			_ = zipped.Close()
		}
	}))
	defer server.Close()
	secrets := filepath.Join(b.dir, "secrets")
	tenancy.File(t, filepath.Join(secrets, "username"), "boston", tenancy.Old)
	tenancy.File(t, filepath.Join(secrets, "password"), "old", tenancy.Old)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	tenancy.File(t, filepath.Join(secrets, "ca.crt"), string(certificate), tenancy.Old)
	assigned := tenancy.District(t, "boston", "", process)
	assigned.Source = assignment.Source{URL: server.URL + "/roster.zip", Credentials: secrets, CABundle: filepath.Join(secrets, "ca.crt"), CheckSeconds: 60}
	b.startAs(assigned, process)
	b.step()
	b.wantRuns(1)
	b.after(time.Minute)
	b.wantRuns(1)

	password, tag = "new", 2
	b.write(tenancy.Pupils("stu", "north", 31))
	b.after(time.Minute)
	b.wantSource(source.Refused)
	b.wantRuns(1)
	tenancy.File(t, filepath.Join(secrets, "password"), "new", tenancy.Old)
	b.after(time.Minute)
	b.wantSource("")
	if run := b.wantRuns(2)[1]; run.Counts.Students != 31 {
		t.Fatalf("got %+v", run)
	}
	report, err := b.Verify(t.Context())
	if err != nil || !report.Whole() {
		t.Fatalf("the download is in the record's way: %+v, %v", report.Faults, err)
	}
}

func TestNoStudentInTheLog(t *testing.T) {
	b := newBench(t, tenancy.Tutoring("tutoring", tenancy.OnChange, tenancy.OnRequest))
	pupils := tenancy.Pupils("stu", "north", 30)
	pupils[0].Score = "eleventy"
	pupils = append(pupils, tenancy.Pupil{ID: pupils[4].ID, School: "south", Score: "17.125"})
	b.write(pupils)
	b.step()
	b.wantRuns(1)
	b.write(pupils[:10])
	b.after(time.Minute)
	for _, secret := range []string{"stu-0", tenancy.Given, tenancy.Family, "eleventy", "17.125"} {
		if strings.Contains(b.log.String(), secret) || strings.Contains(fmt.Sprintf("%+v", b.State()), secret) {
			t.Errorf("log or state names %q:\n%s", secret, b.log)
		}
	}
}

func TestMissed(t *testing.T) {
	zone, _ := time.LoadLocation("America/New_York")
	for name, c := range map[string]struct {
		cron      string
		last, now string
		newest    string
		older     int
	}{
		"not yet":                      {"0 2 * * *", "2026-09-01T02:00:00-04:00", "2026-09-02T01:59:59-04:00", "", 0},
		"exactly":                      {"0 2 * * *", "2026-09-01T02:00:00-04:00", "2026-09-02T02:00:00-04:00", "2026-09-02T02:00:00-04:00", 0},
		"weekdays only":                {"0 2 * * 1-5", "2026-09-04T02:00:00-04:00", "2026-09-07T01:00:00-04:00", "", 0},
		"several":                      {"*/15 * * * *", "2026-09-01T02:00:00-04:00", "2026-09-01T03:00:00-04:00", "2026-09-01T03:00:00-04:00", 3},
		"the hour that summer skips":   {"30 2 * * *", "2026-03-07T02:30:00-05:00", "2026-03-08T23:00:00-04:00", "", 0},
		"the hour that autumn repeats": {"30 1 * * *", "2026-10-31T01:30:00-04:00", "2026-11-01T23:00:00-05:00", "2026-11-01T01:30:00-05:00", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newSchedule(bundle.ScheduleTrigger{Cron: c.cron}, zone)
			if err != nil {
				t.Fatal(err)
			}
			last, _ := time.Parse(time.RFC3339, c.last)
			now, _ := time.Parse(time.RFC3339, c.now)
			newest, older := s.missed(last, now)
			got := ""
			if !newest.IsZero() {
				got = newest.Format(time.RFC3339)
			}
			if got != c.newest || older != c.older {
				t.Errorf("got %q and %d older, want %q and %d", got, older, c.newest, c.older)
			}
		})
	}
}
