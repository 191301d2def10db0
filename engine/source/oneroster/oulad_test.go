// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster_test

import (
	"archive/zip"
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
)

// ouladDistricts are the zips of the Open University data, 13 districts with
// 13,327 real students. The test that wants them is skipped where they are not.
func ouladDistricts(t *testing.T) []string {
	t.Helper()
	data := os.Getenv("JUNCTURE_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	zips, _ := filepath.Glob(filepath.Join(data, "oulad-2013", "*.zip"))
	if len(zips) == 0 {
		t.Skipf("no OneRoster zips in %s/oulad-2013: set JUNCTURE_DATA", data)
	}
	return zips
}

// ouladQueries recompute attributes in SQL over the CSV files as they are, for
// the day :day. Each gives sourcedId and value, in no order, only for students
// who have a value.
var ouladQueries = []struct {
	attribute bundle.Attribute
	query     string
}{
	{attribute("mean", bundle.Number, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Mean}),
		`SELECT studentSourcedId, avg(CAST(score AS REAL)) FROM results WHERE score <> '' AND scoreDate <= :day GROUP BY 1`},
	{attribute("count", bundle.Integer, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Count}),
		`SELECT u.sourcedId, (SELECT count(*) FROM results r WHERE r.studentSourcedId = u.sourcedId AND score <> '' AND scoreDate <= :day) FROM users u WHERE role = 'student'`},
	{attribute("tutorMarked", bundle.Number, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Mean, Where: bundle.Where{Category: "Tutor-marked assessment"}}),
		`SELECT studentSourcedId, avg(CAST(score AS REAL)) FROM results r JOIN lineItems l ON l.sourcedId = r.lineItemSourcedId JOIN categories c ON c.sourcedId = l.categorySourcedId
		 WHERE score <> '' AND scoreDate <= :day AND c.title = 'Tutor-marked assessment' GROUP BY 1`},
	{attribute("inBBB", bundle.Integer, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Sum, Where: bundle.Where{Course: "BBB"}}),
		`SELECT studentSourcedId, sum(CAST(score AS INTEGER)) FROM results r JOIN lineItems l ON l.sourcedId = r.lineItemSourcedId JOIN classes k ON k.sourcedId = l.classSourcedId
		 JOIN courses c ON c.sourcedId = k.courseSourcedId WHERE score <> '' AND scoreDate <= :day AND c.courseCode = 'BBB' GROUP BY 1`},
	{attribute("latest", bundle.Number, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Latest}),
		`SELECT s, v FROM (SELECT studentSourcedId s, CAST(score AS REAL) v, row_number() OVER (PARTITION BY studentSourcedId ORDER BY scoreDate DESC, sourcedId DESC) n
		 FROM results WHERE score <> '' AND scoreDate <= :day) WHERE n = 1`},
	{attribute("lastThree", bundle.NumberList, bundle.OneRoster{File: "results", Field: "score", Last: 3}),
		`SELECT s, '[' || group_concat(v, ' ') || ']' FROM (SELECT * FROM (SELECT studentSourcedId s, CAST(score AS INTEGER) v, scoreDate d, sourcedId i,
		 row_number() OVER (PARTITION BY studentSourcedId ORDER BY scoreDate DESC, sourcedId DESC) n FROM results WHERE score <> '' AND scoreDate <= :day) WHERE n <= 3 ORDER BY s, d, i) GROUP BY s`},
	{attribute("lowest", bundle.Integer, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Minimum, Where: bundle.Where{WithinDays: 60}}),
		`SELECT studentSourcedId, min(CAST(score AS INTEGER)) FROM results WHERE score <> '' AND scoreDate <= :day AND julianday(:day) - julianday(scoreDate) <= 60 GROUP BY 1`},
	{attribute("daysSince", bundle.Integer, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.DaysSince}),
		`SELECT studentSourcedId, CAST(julianday(:day) - max(julianday(scoreDate)) AS INTEGER) FROM results WHERE score <> '' AND scoreDate <= :day GROUP BY 1`},
	{attribute("sex", bundle.String, bundle.OneRoster{File: "demographics", Field: "sex"}),
		`SELECT sourcedId, sex FROM demographics WHERE sex <> ''`},
	{attribute("disability", bundle.Boolean, bundle.OneRoster{File: "demographics", Field: "metadata.disability"}),
		`SELECT sourcedId, "metadata.disability" FROM demographics WHERE "metadata.disability" <> ''`},
	{attribute("priorEducation", bundle.String, bundle.OneRoster{File: "users", Field: "metadata.priorEducation"}),
		`SELECT sourcedId, "metadata.priorEducation" FROM users WHERE role = 'student' AND "metadata.priorEducation" <> ''`},
	{attribute("credits", bundle.Integer, bundle.OneRoster{File: "enrollments", Field: "metadata.studiedCredits", Aggregate: bundle.Sum}),
		`SELECT userSourcedId, sum(CAST("metadata.studiedCredits" AS INTEGER)) FROM current WHERE "metadata.studiedCredits" <> '' GROUP BY 1`},
	{attribute("courses", bundle.StringList, bundle.OneRoster{File: "courses", Field: "courseCode"}),
		`SELECT s, '[' || group_concat(code, ' ') || ']' FROM (SELECT userSourcedId s, c.courseCode code, min(e.beginDate) b FROM current e JOIN classes k ON k.sourcedId = e.classSourcedId
		 JOIN courses c ON c.sourcedId = k.courseSourcedId GROUP BY 1, 2 ORDER BY s, b, c.sourcedId) GROUP BY s`},
	{attribute("school", bundle.String, bundle.OneRoster{File: "orgs", Field: "name", Aggregate: bundle.Latest}),
		`SELECT DISTINCT userSourcedId, o.name FROM current e JOIN orgs o ON o.sourcedId = e.schoolSourcedId`},
}

// ouladCurrent is the student enrollments that are current on :day. Where one
// has no date it has its class's term's; each class here has one term.
const ouladCurrent = `CREATE TABLE current AS SELECT * FROM (SELECT e.sourcedId, e.userSourcedId, e.classSourcedId, e.schoolSourcedId, e."primary", e."metadata.studiedCredits",
	CASE e.beginDate WHEN '' THEN t.startDate ELSE e.beginDate END beginDate, CASE e.endDate WHEN '' THEN t.endDate ELSE e.endDate END endDate
	FROM enrollments e LEFT JOIN classes k ON k.sourcedId = e.classSourcedId LEFT JOIN academicSessions t ON t.sourcedId = k.termSourcedIds WHERE e.role = 'student')
	WHERE beginDate <= :day AND :day < endDate`

func attribute(name string, t bundle.Type, from bundle.OneRoster) bundle.Attribute {
	return bundle.Attribute{Name: name, Type: t, From: bundle.From{OneRoster: &from}}
}

// TestOULADAgreesWithSQL reads all 13 real districts at three instants and
// compares every student's every value with plain SQL over the same CSV files.
func TestOULADAgreesWithSQL(t *testing.T) {
	var model bundle.Model
	for _, q := range ouladQueries {
		model.Attributes = append(model.Attributes, q.attribute)
	}
	students, compared := 0, 0
	for _, path := range ouladDistricts(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".zip"), func(t *testing.T) {
			db := loadSQLite(t, path)
			for _, at := range []string{"2013-06-30", "2014-02-01", "2014-12-31"} {
				instant, err := time.Parse(time.DateOnly, at)
				if err != nil {
					t.Fatal(err)
				}
				p, err := oneroster.Read(context.Background(), path, oneroster.Options{At: instant.Add(12 * time.Hour), Plan: student.NewPlan(model)})
				if err != nil {
					t.Fatal(err)
				}
				if len(p.ProblemCounts) != 0 {
					t.Errorf("unexpected problems: %v", p.ProblemCounts)
				}
				exec(t, db, `DROP TABLE IF EXISTS current`)
				exec(t, db, ouladCurrent, sql.Named("day", at))
				compareIDs(t, db, p)
				for _, q := range ouladQueries {
					compared += compareColumn(t, p, q.attribute.Name, queryValues(t, db, q.query, at))
				}
				compareClasses(t, p, queryValues(t, db, `SELECT s, c FROM (SELECT userSourcedId s, classSourcedId c,
					row_number() OVER (PARTITION BY userSourcedId ORDER BY "primary" = 'true' DESC, beginDate, sourcedId) n FROM current) WHERE n = 1`, at))
				students += p.Len()
			}
		})
	}
	t.Logf("%d students × instants, %d values agree", students, compared)
}

func compareIDs(t *testing.T, db *sql.DB, p *student.Population) {
	t.Helper()
	want := slices.Sorted(maps.Keys(queryValues(t, db, `SELECT sourcedId, 1 FROM users WHERE role = 'student'`, "")))
	if !slices.Equal(want, p.IDs) {
		t.Errorf("the students are not the same: %d, SQL gives %d", p.Len(), len(want))
	}
}

// compareColumn reports how many students' values agree, present or absent.
func compareColumn(t *testing.T, p *student.Population, name string, want map[string]string) (agree int) {
	t.Helper()
	for i, id := range p.IDs {
		value, presence := p.Column(name).Any(i)
		wanted, there := want[id]
		switch {
		case presence == student.Faulty, (presence == student.Present) != there:
			t.Errorf("%s of student %d: presence %v, SQL has a value: %v", name, i, presence, there)
		case there && !sameText(value, wanted):
			t.Errorf("%s of student %d: %v, SQL gives %s", name, i, value, wanted)
		default:
			agree++
		}
		if t.Failed() {
			t.FailNow() // one is enough: the others would be of the same kind
		}
	}
	return agree
}

func sameText(value any, wanted string) bool {
	if v, ok := value.(float64); ok {
		var w float64
		_, err := fmt.Sscan(wanted, &w)
		return err == nil && math.Abs(v-w) <= 1e-9*max(1, math.Abs(w))
	}
	return fmt.Sprint(value) == wanted
}

func compareClasses(t *testing.T, p *student.Population, want map[string]string) {
	t.Helper()
	for i, id := range p.IDs {
		if p.Classes[i] != want[id] {
			t.Fatalf("class of student %d: %q, SQL gives %q", i, p.Classes[i], want[id])
		}
		if p.Schools[i] == "" {
			t.Fatalf("student %d has no school", i)
		}
	}
}

// loadSQLite loads the files of an export into tables of text as they are.
func loadSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // each connection would have its own memory
	t.Cleanup(func() { db.Close() })
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, file := range z.File {
		in, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(in).ReadAll()
		in.Close()
		if err != nil {
			t.Fatal(err)
		}
		table := strings.TrimSuffix(file.Name, ".csv")
		exec(t, db, fmt.Sprintf(`CREATE TABLE %q ("%s")`, table, strings.Join(records[0], `","`)))
		insert(t, db, fmt.Sprintf(`INSERT INTO %q VALUES (?%s)`, table, strings.Repeat(",?", len(records[0])-1)), records[1:])
	}
	exec(t, db, `CREATE INDEX byStudent ON results (studentSourcedId)`)
	return db
}

func insert(t *testing.T, db *sql.DB, statement string, records [][]string) {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := tx.Prepare(statement)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		values := make([]any, len(record))
		for i, v := range record {
			values[i] = v
		}
		if _, err := prepared.Exec(values...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func exec(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func queryValues(t *testing.T, db *sql.DB, query, day string) map[string]string {
	t.Helper()
	var args []any
	if strings.Contains(query, ":day") {
		args = append(args, sql.Named("day", day))
	}
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	values := map[string]string{}
	for rows.Next() {
		var id, value string
		if err := rows.Scan(&id, &value); err != nil {
			t.Fatal(err)
		}
		values[id] = value
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}
