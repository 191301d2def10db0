// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/source/oneroster"
	"github.com/juncture-dev/juncture/engine/student"
)

// generatedExport is an export of students with perStudent results each, and
// the number of its rows.
func generatedExport(students, perStudent int) (files fstest.MapFS, rows int) {
	var users, enrollments, results bytes.Buffer
	fmt.Fprintln(&users, "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password")
	fmt.Fprintln(&enrollments, "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate")
	fmt.Fprintln(&results, "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment")
	for s := range students {
		fmt.Fprintf(&users, "stu-%07d,active,2026-01-31T00:00:00.000Z,true,school-1,student,u%07d,,Student,%07d,,%07d,,,,,%02d,\n", s, s, s, s, s%12+1)
		fmt.Fprintf(&enrollments, "enr-%07d,active,2026-01-31T00:00:00.000Z,class-1,school-1,stu-%07d,student,,2025-09-01,\n", s, s)
	}
	for n := range perStudent {
		for s := range students {
			fmt.Fprintf(&results, "res-%03d-%07d,active,2026-01-31T00:00:00.000Z,li-%d,stu-%07d,fully graded,%d,2026-01-%02d,\n", n, s, n%4, s, (s*7+n*13)%101, n%28+1)
		}
	}
	file := func(b []byte) *fstest.MapFile { return &fstest.MapFile{Data: b} }
	return fstest.MapFS{
		"manifest.csv": file([]byte("propertyName,value\noneroster.version,1.1\nfile.users,bulk\nfile.enrollments,bulk\nfile.results,bulk\nfile.classes,bulk\nfile.lineItems,bulk\nfile.categories,bulk\n")),
		"users.csv":    file(users.Bytes()), "enrollments.csv": file(enrollments.Bytes()), "results.csv": file(results.Bytes()),
		"classes.csv":    file([]byte("sourcedId,status,title,classCode,courseSourcedId,schoolSourcedId,termSourcedIds\nclass-1,,Class,C,course-1,school-1,\n")),
		"lineItems.csv":  file([]byte("sourcedId,status,classSourcedId,categorySourcedId\nli-0,,class-1,a\nli-1,,class-1,a\nli-2,,class-1,b\nli-3,,class-1,b\n")),
		"categories.csv": file([]byte("sourcedId,status,title\na,,Quiz\nb,,Exam\n")),
	}, students*(2+perStudent) + 7
}

// BenchmarkRead reads 5,000 students with 40 results each into five attributes
// from memory. ns/row is over all rows of all files, of about 105 bytes each.
func BenchmarkRead(b *testing.B) {
	files, rows := generatedExport(5000, 40)
	var size int64
	for _, f := range files {
		size += int64(len(f.Data))
	}
	model := bundle.Model{Attributes: []bundle.Attribute{
		attribute("grade", bundle.Integer, bundle.OneRoster{File: "users", Field: "grades"}),
		attribute("latest", bundle.Number, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Latest}),
		attribute("quizzes", bundle.Number, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Mean, Where: bundle.Where{Category: "Quiz"}}),
		attribute("recent", bundle.NumberList, bundle.OneRoster{File: "results", Field: "score", Last: 5}),
		attribute("count", bundle.Integer, bundle.OneRoster{File: "results", Field: "score", Aggregate: bundle.Count}),
	}}
	options := oneroster.Options{At: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Plan: student.NewPlan(model)}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		p, err := oneroster.ReadFS(context.Background(), files, options)
		if err != nil || p.Len() != 5000 || len(p.ProblemCounts) != 0 {
			b.Fatal(p, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
	b.ReportMetric(0, "ns/op")
}
