// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/decision"
	"github.com/juncture-dev/juncture/engine/student"
)

// Errors to be found with errors.Is. None of this package's errors names a
// student, so all may be logged.
var (
	// ErrLocked: another process has the district open for writing.
	ErrLocked = errors.New("district is open for writing elsewhere")
	// ErrReadOnly: the store was opened for reading.
	ErrReadOnly = errors.New("store is open for reading only")
	// ErrNotFound: the record has no such run or decision.
	ErrNotFound = errors.New("not in the record")
	// ErrNewer: a newer version of Juncture wrote the store.
	ErrNewer = errors.New("store was written by a newer version")
	// ErrNotWhole: stored files and index do not fit one another; Verify says
	// where.
	ErrNotWhole = errors.New("record is not whole")
	// ErrRefused: what was to be committed contradicts itself or the record.
	// Nothing was stored.
	ErrRefused = errors.New("commit refused")
)

// Store is the record and the live state of one district. It has one writer;
// all methods may be called concurrently. A method that returns an error has
// changed nothing that a reader can see.
type Store interface {
	// District is the district's name.
	District() string

	// BeginRun records the intent to run, durably. Beginning the same trigger
	// instance of the same process and revision again returns the first run with
	// its first instant and seed, so that a run interrupted by a crash is done
	// again exactly as it was begun; if it was committed meanwhile, State says so.
	BeginRun(context.Context, RunStart) (Run, error)
	// BeginRuns begins several runs at once, all or none.
	BeginRuns(context.Context, []RunStart) ([]Run, error)
	// PendingRuns are the runs begun and not committed, in order of id.
	PendingRuns(context.Context) ([]Run, error)
	// AbandonRun gives up a pending run. A committed run cannot be given up.
	AbandonRun(ctx context.Context, run string) error
	// CommitRun records a run as a whole. When it returns, the run is durable
	// and visible; until then nothing of it is. From then on this run's decisions
	// stand for those of all earlier runs of the process in the same mode or a
	// lesser one (Shadow, Advisory, Live, in this order): their tasks are
	// withdrawn, and a live run's places take the place of those before. What a
	// greater mode decided stays in force: a trial frees nobody's seat.
	// Committing a run again is no change and returns the first receipt.
	//
	// A run decides about every student of its population.
	CommitRun(context.Context, RunCommit) (Receipt, error)
	// Record begins to record runs that were decided on one reading of the
	// district, in parts or at once: see Recorder. A store records one at a time;
	// Record waits for the one before to end, or for the context.
	Record(context.Context, ...Recorded) (Recorder, error)

	// Runs are the committed runs of a process, or of all for an empty name, in
	// the order they were committed.
	Runs(ctx context.Context, process string) ([]Run, error)
	// InForce is, for each student, the id of the decision in force in a process
	// among those made in the given mode or a lesser one: what a run in that mode
	// supersedes. With ModeLive it is the decision in force.
	InForce(ctx context.Context, process string, mode bundle.Mode) (map[string]string, error)
	// Standing is the committed run whose decisions InForce gives, nil if there is
	// none. It costs no reading of decisions.
	Standing(ctx context.Context, process string, mode bundle.Mode) (*Run, error)
	// Held are the seats that students hold in a process, by student.
	Held(ctx context.Context, process string) (map[string]decision.Seat, error)
	// Places are the seats held and the waiting list of a process: by group,
	// seats first, then by position and student.
	Places(ctx context.Context, process string) ([]Place, error)
	// Decisions yields decisions in order of process, student, and commit. After
	// an error it yields nothing more.
	Decisions(context.Context, Query) iter.Seq2[Decision, error]
	// Decision is one decision and the evidence that it was recorded.
	Decision(ctx context.Context, id string) (Decision, Evidence, error)
	// Snapshot is what a committed run read, as its process saw it, and the bundle
	// it ran.
	Snapshot(ctx context.Context, run string) (*student.Population, *bundle.Bundle, error)
	// Knew is all that was read of one student for a committed run and those
	// recorded with it, as a population of one. Its View of the run's bundle is
	// what the run's process saw.
	Knew(ctx context.Context, run, student string) (*student.Population, error)
	// Tasks are the tasks of a process in one state, by opening and id; an empty
	// argument means any.
	Tasks(ctx context.Context, process string, state decision.TaskState) ([]decision.Task, error)

	// LastFired is the instant a trigger of a process last fired, the zero time
	// if it never did.
	LastFired(ctx context.Context, process, trigger string) (time.Time, error)
	// SetFired records that instant. It never moves back.
	SetFired(ctx context.Context, process, trigger string, at time.Time) error

	// Verify recomputes the whole record. The report names every fault found; the
	// error is for what kept Verify from looking.
	Verify(ctx context.Context, progress func(Progress)) (Report, error)

	Close() error
}

// RunStart is what a run is begun with.
type RunStart struct {
	Process  string
	Revision string // digest of the bundle
	Trigger  string // the trigger instance, such as schedule/2026-09-01T02:00:00-04:00
	At       time.Time
	Seed     []byte // of every draw in the run
	Engine   string // version of the engine that decides
}

// RunState is where a run stands.
type RunState string

const (
	RunPending   RunState = "Pending"
	RunCommitted RunState = "Committed"
)

// Run is one run of a process. What only a committed run has is zero while it
// is pending.
type Run struct {
	// ID is hex(SHA-256) over district, process, revision and trigger instance.
	ID string
	RunStart
	State RunState

	Mode      bundle.Mode // of the process
	Sequence  int64       // place in the district's chain, from 1
	Snapshot  string      // sha256-<hex>, the snapshot file's seal
	Recording string      // the run that the segment file is named by
	Segment   string      // sha256-<hex>, the segment file's seal
	Proof     Proof
	Root      Hash // of the run's Merkle tree; zero with ProofPerRun
	Entry     Hash // hash of the run's entry in the chain
	Counts    Counts
}

// Recorded is a run that is to be recorded.
type Recorded struct {
	Run    string // id, from BeginRun
	Bundle *bundle.Bundle
	// Canonical is Bundle.Canonical() from whoever has it already, as making it
	// anew takes milliseconds a run; nil where nobody does. It is what the record
	// keeps, so its digest must be the run's revision. It is not changed.
	Canonical []byte
	// Proof of its decisions; empty is the store's own.
	Proof Proof
}

// Recorder records runs. One goroutine uses it at a time; it uses all cores.
type Recorder interface {
	// Append adds the next students and, for each run in the order given to
	// Record, what was decided about them. Students ascend over all parts. All
	// parts but the last have a multiple of GroupRows students, and all have the
	// same columns, district, instant and zone; the last one's Source is the
	// snapshot's.
	//
	// A batch's Supersedes is filled in. A run whose decisions are nil is given
	// up: nothing of it is recorded, and it stays pending. After an error nothing
	// more can be appended.
	Append(ctx context.Context, part *student.Population, runs []Decisions) error
	// Commit makes all that was appended durable and visible, or nothing of it,
	// and ends the recording. The receipts are in the order of the runs; that of
	// a run given up has a pending run.
	Commit(context.Context) ([]Receipt, error)
	// Close ends a recording that is not committed; nothing of it is kept. After
	// Commit it does nothing.
	Close() error
}

// Decisions are what a run decided about the students of a part.
type Decisions struct {
	Batch *decision.Batch // nil gives the run up
	// Tasks are those that these decisions open.
	Tasks []decision.Task
}

// RunCommit is a run's outcome.
type RunCommit struct {
	Run    string // id, from BeginRun
	Bundle *bundle.Bundle
	// Population is what the run read, with at least the attributes the bundle
	// declares; all of its columns are kept. Its instant is the run's.
	Population *student.Population
	// Batch are the decisions, row for row of the population. Its Supersedes is
	// filled in.
	Batch *decision.Batch
	// Records are the decisions where Batch is nil, in the population's order.
	// Supersedes may be left empty. The slice is not changed.
	Records []decision.Record
	// Tasks are those the decisions open.
	Tasks []decision.Task
	// Proof of the decisions; empty is the store's own.
	Proof Proof
}

// Receipt acknowledges a commit.
type Receipt struct {
	Run Run
	// Again says that the run had been committed before and this call changed
	// nothing.
	Again bool
}

// Place is a seat held, or a place on the waiting list.
type Place struct {
	decision.Seat // held, or waited for
	Student       string
	Decision      string
	Waiting       int // position on the waiting list, from 1; 0 for a place held
}

// Query selects decisions. Empty members select all.
type Query struct {
	Process     string
	Student     string
	Revision    string
	Run         string
	State       decision.State // current state, see Decision.Current
	InForceOnly bool           // none but the decision that counts for its student and process
	// After is the Cursor of the last decision of the page before.
	After Cursor
	Limit int // 0: no limit
}

// Cursor is a decision's place in the order of Decisions.
type Cursor struct {
	Process  string
	Student  string
	Sequence int64
}

// Decision is a recorded decision and where it stands now.
type Decision struct {
	decision.Record
	// Current is Superseded after a later run of the process in the same mode or a
	// greater one, and the recorded state until then. A trial beside a live
	// decision has its own state and is not in force.
	Current decision.State
	Cursor  Cursor
}

// Progress says how far a verification is.
type Progress struct {
	District string
	Done     int // runs
	Total    int
}

// Report is what a verification found.
type Report struct {
	District  string
	Runs      int
	Decisions int
	// Head is the hash of the newest entry. Compare it with one kept elsewhere:
	// it alone shows that no newer runs were cut off.
	Head Hash
	// Faults, in order of place; none means that the record is whole.
	Faults []Fault
	// Notes are what is not wrong but worth knowing.
	Notes []Fault
}

// Whole reports whether no fault was found.
func (r Report) Whole() bool { return len(r.Faults) == 0 }

// Fault is one thing found wrong, and where. It names no student: rows do.
type Fault struct {
	File  string `json:"file"`            // below the district's folder
	Table string `json:"table,omitempty"` // of live.db
	Row   string `json:"row,omitempty"`   // of the file, from 0, or the table's key
	Run   string `json:"run,omitempty"`
	What  string `json:"what"`
}

func (f Fault) String() string {
	s := f.File
	if f.Table != "" {
		s += " table " + f.Table
	}
	if f.Row != "" {
		s += " row " + f.Row
	}
	if f.Run != "" {
		s += " (run " + f.Run + ")"
	}
	return s + ": " + f.What
}
