// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ledger_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/engine/ledger"
	"github.com/juncture-dev/juncture/engine/ledger/ledgertest"
)

// alterations is how many alterations a test makes: few here,
// LEDGER_TEST_ALTERATIONS in a campaign.
func alterations(few int) int {
	if n, err := strconv.Atoi(os.Getenv("LEDGER_TEST_ALTERATIONS")); err == nil {
		return n
	}
	return few
}

// pristine is a closed store with several runs of two processes, a pending run
// and marks.
func pristine(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	d := ledgertest.District{Name: "springfield", Seed: 12, Students: 40}
	l := open(t, dir, d.Name)
	for n := range 4 {
		ledgertest.Commit(t, l, d, "tutoring", n)
		if n < 2 {
			ledgertest.Commit(t, l, d, "mentoring", n)
		}
	}
	ledgertest.Together(t, l, d, 4)
	whole := must[ledger.Run](t)(l.BeginRun(ctx, d.Start("tutoring", 5)))
	c := d.Commit(whole, 5)
	c.Proof = ledger.ProofPerRun
	must[ledger.Receipt](t)(l.CommitRun(ctx, c))
	if _, err := l.BeginRun(ctx, d.Start("tutoring", 6)); err != nil {
		t.Fatal(err)
	}
	for _, trigger := range []string{"schedule", "information"} {
		if err := l.SetFired(ctx, "tutoring", trigger, ledgertest.Epoch); err != nil {
			t.Fatal(err)
		}
	}
	ledgertest.Whole(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, d.Name)
}

// copyOf is a copy of a district's folder in a store of its own.
func copyOf(t *testing.T, district string) (store string) {
	t.Helper()
	store = t.TempDir()
	if err := os.CopyFS(filepath.Join(store, filepath.Base(district)), os.DirFS(district)); err != nil {
		t.Fatal(err)
	}
	return store
}

func verify(t *testing.T, store string) ledger.Report {
	t.Helper()
	r, err := ledger.VerifyDistrict(ctx, store, "springfield", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// recordFiles are the segments, snapshots and revisions.
func recordFiles(t *testing.T, dir string) []string {
	return slices.DeleteFunc(filesBelow(t, dir), func(f string) bool { return !strings.Contains(f, "/") })
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestVerifyFindsEveryAlteredFile(t *testing.T) {
	original := pristine(t)
	r := rand.New(rand.NewPCG(5, 6))
	kinds := []string{"flip", "delete", "truncate", "append", "swap", "copy", "foreign"}
	store := copyOf(t, original)
	dir := filepath.Join(store, "springfield")
	for i := range alterations(120) {
		files := recordFiles(t, dir)
		name := files[r.IntN(len(files))]
		path := filepath.Join(dir, name)
		before := must[[]byte](t)(os.ReadFile(path))
		after := bytes.Clone(before)
		kind := kinds[i%len(kinds)]
		remove := ""
		switch kind {
		case "flip":
			after[r.IntN(len(after))] ^= 1 << r.IntN(8)
		case "truncate":
			after = after[:r.IntN(len(after))]
		case "append":
			after = append(after, byte(r.Uint32()))
		case "swap":
			other := files[(slices.Index(files, name)+1+r.IntN(len(files)-1))%len(files)]
			after = must[[]byte](t)(os.ReadFile(filepath.Join(dir, other)))
		case "copy":
			remove = path + "x"
		case "foreign":
			remove = filepath.Join(dir, fmt.Sprintf("segments/%064x.columns", r.Uint64()))
		}
		switch {
		case kind == "delete":
			must[any](t)(nil, os.Remove(path))
		case remove != "":
			must[any](t)(nil, os.WriteFile(remove, before, 0o600))
			name, _ = filepath.Rel(dir, remove)
		default:
			must[any](t)(nil, os.WriteFile(path, after, 0o600))
		}
		report := verify(t, store)
		if !slices.ContainsFunc(report.Faults, func(f ledger.Fault) bool { return f.File == name }) {
			t.Errorf("%s of %s is not found: %v", kind, name, report.Faults)
		}
		for _, f := range report.Faults {
			if f.File != name {
				t.Errorf("%s of %s: another place is blamed: %s", kind, name, f)
			}
		}
		if remove != "" {
			must[any](t)(nil, os.Remove(remove))
		}
		must[any](t)(nil, os.WriteFile(path, before, 0o600))
	}
	if report := verify(t, store); !report.Whole() {
		t.Fatalf("after mending everything: %v", report.Faults)
	}
}

// alterable are the tables with the columns that may be set to other values.
var alterable = map[string][]string{
	"district":     {"name"},
	"schema":       {"version"},
	"runs":         {"sequence", "run", "process", "mode", "part", "entry", "hash"},
	"seats":        {"process", "student", "decision", "grp", "units", "waiting"},
	"tasks":        {"id", "run", "decision", "process", "role", "agent", "opened", "due", "otherwise", "escalate_to", "state"},
	"outbox":       {"run"},
	"marks":        {"process", "trigger", "fired", "checksum"},
	"pending":      {"run", "process", "revision", "trigger", "at", "seed", "engine", "checksum"},
	"student_keys": {"first", "students", "keys"},
	"revisions":    {"digest", "bundle"},
	"seals":        {"name", "digest"},
}

func TestVerifyFindsEveryAlteredRow(t *testing.T) {
	original := pristine(t)
	r := rand.New(rand.NewPCG(7, 8))
	tables := []string{"district", "marks", "outbox", "pending", "revisions", "runs", "schema", "seals", "seats", "student_keys", "tasks"}
	if got := userTables(t, original); !slices.Equal(got, tables) {
		t.Fatalf("tables %v are there, %v are tested", got, tables)
	}
	for i := range alterations(200) {
		table := tables[i%len(tables)]
		store := copyOf(t, original)
		did := alterRow(t, r, filepath.Join(store, "springfield", "live.db"), table)
		if did == "" {
			continue // it left everything as it was
		}
		report := verify(t, store)
		if report.Whole() {
			t.Errorf("%s is not found", did)
		}
		if !slices.ContainsFunc(report.Faults, func(f ledger.Fault) bool { return f.File == "live.db" && strings.Contains(f.String(), table) }) {
			t.Errorf("%s: the table is not named: %v", did, report.Faults)
		}
		must[any](t)(nil, os.RemoveAll(store))
	}
}

func userTables(t *testing.T, dir string) (names []string) {
	db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+filepath.Join(copyOf(t, dir), "springfield", "live.db")))
	defer db.Close()
	rows := must[*sql.Rows](t)(db.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`))
	defer rows.Close()
	for rows.Next() {
		var name string
		must[any](t)(nil, rows.Scan(&name))
		names = append(names, name)
	}
	return names
}

// alterRow updates, deletes or doubles a random row of a table behind the
// store's back, and says what it did; nothing if SQLite's constraints refuse.
func alterRow(t *testing.T, r *rand.Rand, path, table string) string {
	t.Helper()
	db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+path))
	defer db.Close()
	db.SetMaxOpenConns(1)
	must[sql.Result](t)(db.Exec(`PRAGMA foreign_keys = 0`))
	var n int
	must[any](t)(nil, db.QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
	columns := alterable[table]
	column, at := columns[r.IntN(len(columns))], r.IntN(n)
	where := fmt.Sprintf(` WHERE (%s) = (SELECT %[1]s FROM %s LIMIT 1 OFFSET %d)`, strings.Join(columns, ", "), table, at)
	var did string
	var result sql.Result
	var err error
	switch r.IntN(4) {
	case 0:
		did = fmt.Sprintf("deleting row %d of %s", at, table)
		result, err = db.Exec(`DELETE FROM ` + table + where)
	case 1:
		did = fmt.Sprintf("doubling row %d of %s with another %s", at, table, columns[0])
		result, err = db.Exec(fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM %[1]s %s`, table, strings.Join(columns, ", "),
			strings.Join(append([]string{altered(r, columns[0])}, columns[1:]...), ", "), where))
	default:
		did = fmt.Sprintf("altering %s of row %d of %s", column, at, table)
		result, err = db.Exec(fmt.Sprintf(`UPDATE %s SET %s = %s %s`, table, column, altered(r, column), where))
	}
	if err != nil {
		return ""
	}
	if changed := must[int64](t)(result.RowsAffected()); changed == 0 {
		t.Fatalf("%s changed nothing", did)
	}
	return did
}

// altered is an expression of another value of a column's type.
func altered(r *rand.Rand, column string) string {
	switch column {
	case "version", "sequence", "units", "waiting":
		return fmt.Sprintf("%s + %d", column, 1+r.IntN(3))
	case "hash", "checksum":
		return "randomblob(32)"
	case "digest": // of a seal or, as text, of a revision
		return "CASE typeof(digest) WHEN 'blob' THEN randomblob(32) ELSE digest || 'x' END"
	case "keys": // one student's
		at := 32 * r.IntN(30)
		return fmt.Sprintf("CAST(substr(keys, 1, %d) || randomblob(32) || substr(keys, %d) AS BLOB)", at, at+33)
	case "students": // a byte of one's name
		at := 20 + r.IntN(200)
		return fmt.Sprintf("CAST(substr(students, 1, %d) || x'7E' || substr(students, %d) AS BLOB)", at, at+2)
	case "bundle":
		return "CAST(replace(CAST(bundle AS TEXT), 'FAR', 'NEAR') AS BLOB)"
	case "seed":
		return "randomblob(3)"
	case "fired", "opened", "due", "at":
		return "'2027-01-01T00:00:00Z'"
	case "state":
		return "CASE state WHEN 'Open' THEN 'Done' ELSE 'Open' END"
	}
	return column + " || 'x'"
}

// TestVerifyFindsFlippedBytesOfTheDatabase: a flipped byte is found unless it
// lies where the database keeps nothing.
func TestVerifyFindsFlippedBytesOfTheDatabase(t *testing.T) {
	original := pristine(t)
	whole := must[[]byte](t)(os.ReadFile(filepath.Join(original, "live.db")))
	content := dump(t, original)
	r := rand.New(rand.NewPCG(9, 10))
	unseen := 0
	n := alterations(120)
	for range n {
		store := copyOf(t, original)
		b := bytes.Clone(whole)
		at := r.IntN(len(b))
		b[at] ^= byte(1 + r.IntN(255))
		must[any](t)(nil, os.WriteFile(filepath.Join(store, "springfield", "live.db"), b, 0o600))
		if !verify(t, store).Whole() {
			continue
		}
		unseen++
		if got := dump(t, filepath.Join(store, "springfield")); got != content {
			t.Errorf("byte %d was altered, the content is another one, and it is not found", at)
		}
	}
	t.Logf("%d of %d flipped bytes lay where the database keeps nothing", unseen, n)
}

// dump is all rows of all tables.
func dump(t *testing.T, dir string) string {
	t.Helper()
	store := copyOf(t, dir)
	db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+filepath.Join(store, "springfield", "live.db")))
	defer db.Close()
	var out strings.Builder
	for _, table := range userTables(t, dir) {
		rows := must[*sql.Rows](t)(db.Query(`SELECT * FROM ` + table + ` ORDER BY 1`))
		columns := must[[]string](t)(rows.Columns())
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			must[any](t)(nil, rows.Scan(values...))
			for _, v := range values {
				fmt.Fprintf(&out, "%v\t", *v.(*any))
			}
			out.WriteByte('\n')
		}
		must[any](t)(nil, rows.Close())
	}
	return out.String()
}

func TestVerifyFindsAPlantedTrigger(t *testing.T) {
	store := copyOf(t, pristine(t))
	db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+filepath.Join(store, "springfield", "live.db")))
	must[sql.Result](t)(db.Exec(`CREATE TRIGGER favour AFTER INSERT ON seats BEGIN DELETE FROM seats WHERE waiting > 0; END`))
	must[any](t)(nil, db.Close())
	if verify(t, store).Whole() {
		t.Error("the trigger is not found")
	}
}
