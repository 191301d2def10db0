// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// oddShape is a small district with what real tables have: names that need quotes, an empty school, a school of one student, all grades.
func oddShape() Shape {
	var full, upper, one SchoolShape
	full.Identifier, full.Name = "00010001", "St. Mary's, \"Lower\" School"
	upper.Identifier, upper.Name = "00010002", "Upper\nSchool "
	one.Identifier, one.Name = "00010003", "One"
	for g := range NumGrades {
		full.Enrolment[g] = 30
		if Grade(g) >= Grade9 {
			upper.Enrolment[g] = 120
		}
	}
	one.Enrolment[Grade6] = 1
	empty := SchoolShape{Identifier: "00010004", Name: "Not open yet"}
	return Shape{Districts: []DistrictShape{{Identifier: "00010000", Name: "Odd, Town of", Schools: []SchoolShape{full, upper, one, empty}}}}
}

func TestPackagesAreWhole(t *testing.T) {
	shapes := map[string]Shape{
		"odd names": oddShape(),
		"empty":     {Districts: []DistrictShape{{Identifier: "1", Name: "Nobody", Schools: []SchoolShape{{Identifier: "2", Name: "Closed"}}}}},
		"no school": {Districts: []DistrictShape{{Identifier: "1", Name: "Nothing"}}},
		"drawn":     heavyTailed(t, 1500, 4),
	}
	for name, shape := range shapes {
		for _, version := range []string{Version11, Version12} {
			t.Run(name+" "+version, func(t *testing.T) {
				sink, districts := generate(t, shape, Options{Version: version})
				for _, d := range districts {
					checkPackage(t, unpack(t, sink.files[d.File]), version, d)
				}
			})
		}
	}
}

func TestMassachusettsPackagesAreWhole(t *testing.T) {
	shape := massachusetts(t)
	var some Shape
	for i := 0; i < len(shape.Districts); i += 7 {
		some.Districts = append(some.Districts, shape.Districts[i])
	}
	sink, districts := generate(t, some, Options{Scale: 0.05})
	for _, d := range districts {
		checkPackage(t, unpack(t, sink.files[d.File]), Version11, d)
	}
}

// checkPackage checks that every key is unique, every reference resolves, every date is in its range, and every value is of its vocabulary.
func checkPackage(t *testing.T, files map[string][]row, version string, d District) {
	t.Helper()
	checkManifest(t, files, version)
	keys := map[string]map[string]row{}
	for name, rows := range files {
		if name == "manifest.csv" {
			continue
		}
		keys[name] = map[string]row{}
		for _, r := range rows {
			id := r["sourcedId"]
			if id == "" || keys[name][id] != nil {
				t.Errorf("%s %s: sourcedId %q is empty or comes twice", d.Slug, name, id)
			}
			keys[name][id] = r
		}
	}
	for _, ref := range references(version) {
		for _, r := range files[ref.file] {
			for value := range strings.SplitSeq(r[ref.column], ",") {
				if value == "" && ref.optional {
					continue
				}
				if keys[ref.target][value] == nil {
					t.Fatalf("%s %s %s: %s %q is not in %s", d.Slug, ref.file, r["sourcedId"], ref.column, value, ref.target)
				}
			}
		}
	}
	checkDates(t, files)
	checkPeople(t, files, version, d)
	checkEnrollments(t, files)
	checkResults(t, files, keys)
}

type reference struct {
	file, column, target string
	optional             bool
}

func references(version string) []reference {
	list := []reference{
		{"academicSessions.csv", "parentSourcedId", "academicSessions.csv", true},
		{"orgs.csv", "parentSourcedId", "orgs.csv", true},
		{"courses.csv", "schoolYearSourcedId", "academicSessions.csv", false},
		{"courses.csv", "orgSourcedId", "orgs.csv", false},
		{"classes.csv", "courseSourcedId", "courses.csv", false},
		{"classes.csv", "schoolSourcedId", "orgs.csv", false},
		{"classes.csv", "termSourcedIds", "academicSessions.csv", false},
		{"demographics.csv", "sourcedId", "users.csv", false},
		{"enrollments.csv", "classSourcedId", "classes.csv", false},
		{"enrollments.csv", "schoolSourcedId", "orgs.csv", false},
		{"enrollments.csv", "userSourcedId", "users.csv", false},
		{"lineItems.csv", "classSourcedId", "classes.csv", false},
		{"lineItems.csv", "categorySourcedId", "categories.csv", false},
		{"results.csv", "lineItemSourcedId", "lineItems.csv", false},
		{"results.csv", "studentSourcedId", "users.csv", false},
	}
	if version == Version11 {
		return append(list,
			reference{"users.csv", "orgSourcedIds", "orgs.csv", false},
			reference{"lineItems.csv", "gradingPeriodSourcedId", "academicSessions.csv", false},
		)
	}
	return append(list,
		reference{"users.csv", "primaryOrgSourcedId", "orgs.csv", false},
		reference{"roles.csv", "userSourcedId", "users.csv", false},
		reference{"roles.csv", "orgSourcedId", "orgs.csv", false},
		reference{"lineItems.csv", "schoolSourcedId", "orgs.csv", false},
		reference{"lineItems.csv", "academicSessionSourcedId", "academicSessions.csv", false},
		reference{"results.csv", "classSourcedId", "classes.csv", false},
	)
}

func checkManifest(t *testing.T, files map[string][]row, version string) {
	t.Helper()
	listed := 0
	for _, r := range files["manifest.csv"] {
		file, isFile := strings.CutPrefix(r["propertyName"], "file.")
		_, present := files[file+".csv"]
		switch {
		case r["propertyName"] == "oneroster.version" && r["value"] != version:
			t.Errorf("the manifest says version %s, want %s", r["value"], version)
		case isFile && present != (r["value"] == "bulk"):
			t.Errorf("the manifest says %s is %s; in the package: %v", file, r["value"], present)
		case isFile && present:
			listed++
		}
	}
	if listed != len(files)-1 {
		t.Errorf("the manifest lists %d files, the package has %d", listed, len(files)-1)
	}
}

func checkDates(t *testing.T, files map[string][]row) {
	t.Helper()
	const start, end = "2025-08-28", "2026-06-20"
	within := func(file, column, last string) {
		for _, r := range files[file] {
			if x := r[column]; x < start || x > last {
				t.Errorf("%s %s: %s %q is outside of the school year", file, r["sourcedId"], column, x)
			} else if _, err := time.Parse(time.DateOnly, x); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	for _, column := range []string{"startDate", "endDate"} {
		within("academicSessions.csv", column, end)
	}
	for _, column := range []string{"beginDate", "endDate"} {
		within("enrollments.csv", column, end)
		within("roles.csv", column, end)
	}
	for _, column := range []string{"assignDate", "dueDate"} {
		within("lineItems.csv", column, "2026-06-19")
	}
	within("results.csv", "scoreDate", "2026-06-19")
	for _, r := range files["enrollments.csv"] {
		if r["beginDate"] >= r["endDate"] {
			t.Errorf("enrollments.csv %s ends on %s before it begins", r["sourcedId"], r["endDate"])
		}
	}
	for _, r := range files["lineItems.csv"] {
		if r["assignDate"] > r["dueDate"] {
			t.Errorf("lineItems.csv %s is due on %s before it is assigned", r["sourcedId"], r["dueDate"])
		}
	}
}

func checkPeople(t *testing.T, files map[string][]row, version string, d District) {
	t.Helper()
	students := 0
	for _, u := range files["users.csv"] {
		isStudent := strings.HasPrefix(u["sourcedId"], studentPrefix)
		if isStudent {
			students++
		}
		if version == Version11 && (u["role"] == "student") != isStudent {
			t.Errorf("user %s has the role %q", u["sourcedId"], u["role"])
		}
		if isStudent != slices.Contains(gradeCodes[:], u["grades"]) {
			t.Errorf("user %s has the grade %q", u["sourcedId"], u["grades"])
		}
		if u["givenName"] == "" || u["familyName"] == "" || u["username"] == "" || u["enabledUser"] != "true" {
			t.Errorf("user %s lacks a name: %v", u["sourcedId"], u)
		}
	}
	if students != d.Enrolment || len(files["demographics.csv"]) != students {
		t.Errorf("%s: %d students with %d demographics, want %d", d.Slug, students, len(files["demographics.csv"]), d.Enrolment)
	}
	for _, r := range files["demographics.csv"] {
		if _, err := time.Parse(time.DateOnly, r["birthDate"]); err != nil || r["birthDate"] > "2023" {
			t.Errorf("demographics %s: birth date %q", r["sourcedId"], r["birthDate"])
		}
		races := 0
		for _, column := range []string{"americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican", "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity"} {
			if r[column] == "true" {
				races++
			}
		}
		if races != 1 {
			t.Errorf("demographics %s: %d races", r["sourcedId"], races)
		}
	}
}

// checkEnrollments checks that each class has a teacher and a realistic number of students, and each student a homeroom.
func checkEnrollments(t *testing.T, files map[string][]row) {
	t.Helper()
	homerooms, sizes, teachers := map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range files["enrollments.csv"] {
		if e["role"] == "teacher" {
			teachers[e["classSourcedId"]]++
			continue
		}
		sizes[e["classSourcedId"]]++
		if strings.Contains(e["classSourcedId"], "-HR-") {
			homerooms[e["userSourcedId"]]++
		}
	}
	for _, c := range files["classes.csv"] {
		if n := sizes[c["sourcedId"]]; n < 1 || n > 35 || teachers[c["sourcedId"]] != 1 {
			t.Errorf("class %s has %d students and %d teachers", c["sourcedId"], n, teachers[c["sourcedId"]])
		}
	}
	for _, u := range files["users.csv"] {
		if strings.HasPrefix(u["sourcedId"], studentPrefix) && homerooms[u["sourcedId"]] != 1 {
			t.Errorf("student %s has %d homerooms", u["sourcedId"], homerooms[u["sourcedId"]])
		}
	}
}

// checkResults checks scores, and that a student has results only in own classes and only for the time there.
func checkResults(t *testing.T, files map[string][]row, keys map[string]map[string]row) {
	t.Helper()
	stays := map[[2]string]row{}
	for _, e := range files["enrollments.csv"] {
		stays[[2]string{e["classSourcedId"], e["userSourcedId"]}] = e
	}
	seen := map[[2]string]bool{}
	for _, r := range files["results.csv"] {
		item := keys["lineItems.csv"][r["lineItemSourcedId"]]
		pair := [2]string{r["lineItemSourcedId"], r["studentSourcedId"]}
		if seen[pair] {
			t.Errorf("two results of one student on %s", pair[0])
		}
		seen[pair] = true
		stay := stays[[2]string{item["classSourcedId"], r["studentSourcedId"]}]
		if stay == nil || r["scoreDate"] < stay["beginDate"] || r["scoreDate"] >= stay["endDate"] {
			t.Errorf("result %s is of %s, outside of the enrolment %v", r["sourcedId"], r["scoreDate"], stay)
		}
		switch r["scoreStatus"] {
		case "fully graded":
			x, err := strconv.ParseFloat(r["score"], 64)
			if err != nil || x < 0 || x > 100 || r["score"] != strconv.FormatFloat(x, 'f', 1, 64) {
				t.Errorf("result %s: score %q", r["sourcedId"], r["score"])
			}
		case "not submitted", "exempt":
			if r["score"] != "" {
				t.Errorf("result %s: %s, but score %q", r["sourcedId"], r["scoreStatus"], r["score"])
			}
		default:
			t.Errorf("result %s: status %q", r["sourcedId"], r["scoreStatus"])
		}
	}
}

func TestPackagesHaveWhatMakesRealDataHard(t *testing.T) {
	sink, districts := generate(t, oddShape(), Options{})
	files := unpack(t, sink.files[districts[0].File])
	var late, gone, twoSchools, notSubmitted, exempted int
	for _, e := range files["enrollments.csv"] {
		if e["role"] == "student" && e["beginDate"] != "2025-08-28" {
			late++
		}
		if e["endDate"] != "2026-06-20" {
			gone++
		}
	}
	homes := map[string]string{}
	for _, u := range files["users.csv"] {
		homes[u["sourcedId"]] = u["orgSourcedIds"]
		if strings.Contains(u["orgSourcedIds"], ",") {
			twoSchools++
		}
	}
	for _, r := range files["results.csv"] {
		switch r["scoreStatus"] {
		case "not submitted":
			notSubmitted++
		case "exempt":
			exempted++
		}
	}
	if late == 0 || gone == 0 || twoSchools == 0 || notSubmitted == 0 || exempted == 0 {
		t.Errorf("late %d, gone %d, in two schools %d, not submitted %d, exempt %d; want some of each", late, gone, twoSchools, notSubmitted, exempted)
	}
	elsewhere := map[string][]string{}
	for _, e := range files["enrollments.csv"] {
		if home := homes[e["userSourcedId"]]; e["role"] == "student" && !strings.HasPrefix(home, e["schoolSourcedId"]) {
			elsewhere[e["userSourcedId"]] = append(elsewhere[e["userSourcedId"]], e["classSourcedId"])
		}
	}
	for id, classes := range elsewhere {
		if len(classes) != 1 || !strings.Contains(classes[0], "-SC-") || !strings.Contains(homes[id], ",") {
			t.Errorf("student %s of %s takes %v elsewhere, want science", id, homes[id], classes)
		}
	}
	if len(elsewhere) != twoSchools {
		t.Errorf("%d students take a class elsewhere, %d are in two schools", len(elsewhere), twoSchools)
	}
	if name := files["orgs.csv"][2]["name"]; name != "Upper\nSchool " {
		t.Errorf("the name of a school came back as %q", name)
	}
}

// TestHeadersAreThoseOfTheBinding lists the columns of the files that differ between the versions, and of those that matter most, in their order.
func TestHeadersAreThoseOfTheBinding(t *testing.T) {
	want := map[string]map[string]string{
		Version11: {
			"users":       "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password",
			"enrollments": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
			"results":     "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment",
			"lineItems":   "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,categorySourcedId,gradingPeriodSourcedId,resultValueMin,resultValueMax",
			"categories":  "sourcedId,status,dateLastModified,title",
		},
		Version12: {
			"users": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password," +
				"userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns",
			"roles":      "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
			"categories": "sourcedId,status,dateLastModified,title,weight",
			"lineItems":  "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,categorySourcedId,academicSessionSourcedId,resultValueMin,resultValueMax,schoolSourcedId",
			"results":    "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment,textScore,classSourcedId,inProgress,incomplete,late,missing",
		},
	}
	for version, headers := range want {
		got := map[string]string{}
		for _, f := range files(version) {
			got[f.name] = f.header
		}
		for name, header := range headers {
			if got[name] != header {
				t.Errorf("%s of %s has the columns\n%s\nwant\n%s", name, version, got[name], header)
			}
		}
	}
}
