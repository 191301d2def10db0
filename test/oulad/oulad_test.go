// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package oulad holds what juncture run decides about 13,327 real students
// against a calculation of its own: plain SQL over the CSV files. Nothing of the
// engine is in it but the command line that is tested.
package oulad

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/juncture-dev/juncture/internal/cli"
)

const (
	day  = "2013-12-15"
	seed = "6a756e6374757265" // of the lottery
)

// districts are the packages of the data set, which is not part of the project.
func districts(t *testing.T) []string {
	t.Helper()
	data := os.Getenv("JUNCTURE_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	zips, err := filepath.Glob(filepath.Join(data, "oulad-2013", "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	if len(zips) == 0 {
		t.Skipf("no districts in %s/oulad-2013: set JUNCTURE_DATA to a folder that holds the data", data)
	}
	return zips
}

func TestEveryStudentIsDecidedAsCalculated(t *testing.T) {
	zips := districts(t)
	db := load(t, zips)
	draw(t, db, "tutoring")
	for _, c := range []struct {
		process   string
		manifests string
		rules     []string // all must have decided about somebody
		states    []string
	}{
		{
			"tutoring", "../../config/samples/oulad",
			[]string{"", "not-enrolled", "far-behind", "falling", "otherwise"}, []string{"Undetermined", "Confirmed", "Offered", "Waitlisted", "NotPlaced"},
		},
		{
			"engagement", "testdata/engagement",
			[]string{"", "silent", "weak", "uneven", "otherwise"}, []string{"Undetermined", "Confirmed"},
		},
	} {
		t.Run(c.process, func(t *testing.T) {
			want := calculate(t, db, c.process)
			got := decide(t, zips, c.manifests)
			if len(want) != 13327+1 {
				t.Errorf("calculated %d decisions, want one a student, 13,327", len(want)-1)
			}
			if diff := firstDifferences(want, got); diff != "" {
				t.Error(diff)
			}
			covers(t, want, 3, c.rules)
			covers(t, want, 4, c.states)
		})
	}
}

// firstDifferences compares row by row: a diff of all would never end.
func firstDifferences(want, got [][]string) string {
	byStudent := map[string][]string{}
	for _, row := range got {
		byStudent[row[0]+" "+row[2]] = row
	}
	var diffs []string
	differ := 0
	for _, row := range want {
		student := row[0] + " " + row[2]
		if diff := cmp.Diff(row, byStudent[student]); diff != "" {
			if differ++; differ <= 5 {
				diffs = append(diffs, student+", calculated (-), decided (+):\n"+diff)
			}
		}
		delete(byStudent, student)
	}
	if differ+len(byStudent) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d differ, %d were not calculated\n%s", differ, len(want), len(byStudent), strings.Join(diffs, "\n"))
}

// covers fails if the data do not show all values: a comparison of what never
// happens shows nothing.
func covers(t *testing.T, rows [][]string, column int, values []string) {
	t.Helper()
	count := map[string]int{}
	for _, row := range rows[1:] {
		count[row[column]]++
	}
	for _, v := range values {
		if count[v] == 0 {
			t.Errorf("no student has %s %q", rows[0][column], v)
		}
	}
	t.Log(rows[0][column], count)
}

// decide runs the command line and gives its rows without process and revision.
func decide(t *testing.T, zips []string, manifests string) [][]string {
	t.Helper()
	args := []string{"juncture", "run", "-f", manifests, "--at", day + "T00:00:00Z", "--seed", seed, "-o", "csv"}
	for _, z := range zips {
		args = append(args, "--source", name(z)+"="+z)
	}
	var out, errs bytes.Buffer
	env := cli.Environment{In: strings.NewReader(""), Out: &out, Err: &errs, Now: time.Now, Entropy: strings.NewReader("")}
	if code := cli.Main(context.Background(), env, args); code != cli.ExitDone {
		t.Fatalf("exit code %d\n%s", code, errs.String())
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		rows[i] = append(r[:3:3], r[5:]...)
	}
	return rows
}

func name(zip string) string { return strings.TrimSuffix(filepath.Base(zip), ".zip") }

// calculate runs a query and gives its rows, spelled as in CSV output.
func calculate(t *testing.T, db *sql.DB, process string) [][]string {
	t.Helper()
	query, err := os.ReadFile(filepath.Join("testdata", process+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(string(query), sql.Named("at", day))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := [][]string{columns}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(columns))
		for i, v := range values {
			row[i] = spell(v)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func spell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// draw computes every student's lottery ticket as docs/lottery.md describes it.
func draw(t *testing.T, db *sql.DB, process string) {
	t.Helper()
	key, err := hex.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(`SELECT district, sourcedId FROM users`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var tickets [][]any
	for rows.Next() {
		var district, student string
		if err := rows.Scan(&district, &student); err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		for _, part := range []string{process, district, student} {
			fmt.Fprintf(mac, "%d:%s,", len(part), part)
		}
		tickets = append(tickets, []any{district, student, hex.EncodeToString(mac.Sum(nil))})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	insert(t, db, "ticket", []string{"district", "student", "ticket"}, tickets)
}

// load puts the CSV files of all districts into one table a file, with the
// district in front; all columns are text.
func load(t *testing.T, zips []string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "oulad.db")+"?_pragma=journal_mode(off)&_pragma=synchronous(off)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	for _, z := range zips {
		r, err := zip.OpenReader(z)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.File {
			if path.Base(f.Name) != "manifest.csv" {
				loadFile(t, db, name(z), f)
			}
		}
		r.Close()
	}
	for _, index := range []string{
		`results (district, studentSourcedId)`, `lineItems (district, sourcedId)`, `classes (district, sourcedId)`,
		`courses (district, sourcedId)`, `categories (district, sourcedId)`, `academicSessions (district, sourcedId)`,
	} {
		table, _, _ := strings.Cut(index, " ")
		if _, err := db.Exec(`CREATE INDEX by_` + table + ` ON ` + index); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func loadFile(t *testing.T, db *sql.DB, district string, f *zip.File) {
	t.Helper()
	content, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	r := csv.NewReader(content)
	header, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"district"}
	for _, h := range header {
		columns = append(columns, `"`+h+`"`)
	}
	var rows [][]any
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s %s: %v", district, f.Name, err)
		}
		row := []any{district}
		for _, cell := range record {
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	insert(t, db, strings.TrimSuffix(path.Base(f.Name), ".csv"), columns, rows)
}

func insert(t *testing.T, db *sql.DB, table string, columns []string, rows [][]any) {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`CREATE TABLE IF NOT EXISTS ` + table + ` (` + strings.Join(columns, " TEXT, ") + ` TEXT)`); err != nil {
		t.Fatal(err)
	}
	statement, err := tx.Prepare(`INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES (?` + strings.Repeat(", ?", len(columns)-1) + `)`)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if _, err := statement.Exec(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
