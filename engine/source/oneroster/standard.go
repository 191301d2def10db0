// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"slices"
	"strings"
)

// standardFiles are the files of OneRoster CSV 1.1 and 1.2 in byte order.
var standardFiles = []string{
	"academicSessions.csv", "categories.csv", "classResources.csv", "classes.csv", "courseResources.csv", "courses.csv",
	"demographics.csv", "enrollments.csv", "lineItemLearningObjectiveIds.csv", "lineItemScoreScales.csv", "lineItems.csv",
	manifestFile, "orgs.csv", "resources.csv", "resultLearningObjectiveIds.csv", "resultScoreScales.csv", "results.csv",
	"roles.csv", "scoreScales.csv", "userProfiles.csv", "userResources.csv", "users.csv",
}

func isStandardFile(name string) bool {
	_, found := slices.BinarySearch(standardFiles, name)
	return found
}

// Names of the files that attributes may draw from, as bundle.OneRoster has
// them, and of those that only lead from one to another.
const (
	users            = "users"
	demographics     = "demographics"
	enrollments      = "enrollments"
	classes          = "classes"
	courses          = "courses"
	orgs             = "orgs"
	academicSessions = "academicSessions"
	results          = "results"
	roles            = "roles"
	lineItems        = "lineItems"
	categories       = "categories"
)

func csvName(file string) string { return file + ".csv" }

// required are the columns of each file that this package itself reads. Leaving
// one out could change a decision unnoticed, so its absence is an error.
var required = map[string][]string{
	academicSessions: {"sourcedId", "status", "startDate", "endDate"},
	orgs:             {"sourcedId", "status", "type"},
	courses:          {"sourcedId", "status", "title", "courseCode"},
	classes:          {"sourcedId", "status", "title", "classCode", "courseSourcedId", "schoolSourcedId", "termSourcedIds"},
	categories:       {"sourcedId", "status", "title"},
	users:            {"sourcedId", "status"}, // and in 1.1 the columns below
	roles:            {"sourcedId", "status", "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId"},
	enrollments:      {"sourcedId", "status", "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"},
	demographics:     {"sourcedId", "status"},
	lineItems:        {"sourcedId", "status", "classSourcedId", "categorySourcedId"},
	results:          {"sourcedId", "status", "lineItemSourcedId", "studentSourcedId", "scoreDate"},
}

// requiredUsers11 are the columns of users.csv that 1.2 has moved to roles.csv.
var requiredUsers11 = []string{"orgSourcedIds", "role"}

// content is what the standard has a column hold.
type content string

const (
	anything  content = "text"
	number    content = "numbers"
	date      content = "dates"
	truth     content = "true or false"
	textList  content = "a list"
	gradeList content = "a list of grade levels"
	secret    content = "a secret"
)

// columns are the standard's columns of the files that attributes may draw from,
// 1.1 and 1.2 together. A column that is not here, metadata.* above all, may
// hold anything.
var columns = map[string]map[string]content{
	users: withCommon(map[string]content{
		"enabledUser": truth, "orgSourcedIds": textList, "role": anything, "username": anything, "userIds": textList, "givenName": anything,
		"familyName": anything, "middleName": anything, "identifier": anything, "email": anything, "sms": anything, "phone": anything,
		"agentSourcedIds": textList, "grades": gradeList, "password": secret, "userMasterIdentifier": anything, "resourceSourcedIds": textList,
		"preferredGivenName": anything, "preferredMiddleName": anything, "preferredFamilyName": anything, "primaryOrgSourcedId": anything, "pronouns": anything,
	}),
	demographics: withCommon(map[string]content{
		"birthDate": date, "sex": anything, "americanIndianOrAlaskaNative": truth, "asian": truth, "blackOrAfricanAmerican": truth,
		"nativeHawaiianOrOtherPacificIslander": truth, "white": truth, "demographicRaceTwoOrMoreRaces": truth, "hispanicOrLatinoEthnicity": truth,
		"countryOfBirthCode": anything, "stateOfBirthAbbreviation": anything, "cityOfBirth": anything, "publicSchoolResidenceStatus": anything,
	}),
	enrollments: withCommon(map[string]content{
		"classSourcedId": anything, "schoolSourcedId": anything, "userSourcedId": anything, "role": anything, "primary": truth, "beginDate": date, "endDate": date,
	}),
	classes: withCommon(map[string]content{
		"title": anything, "grades": gradeList, "courseSourcedId": anything, "classCode": anything, "classType": anything, "location": anything,
		"schoolSourcedId": anything, "termSourcedIds": textList, "subjects": textList, "subjectCodes": textList, "periods": textList,
	}),
	courses: withCommon(map[string]content{
		"schoolYearSourcedId": anything, "title": anything, "courseCode": anything, "grades": gradeList, "orgSourcedId": anything, "subjects": textList, "subjectCodes": textList,
	}),
	orgs: withCommon(map[string]content{
		"name": anything, "type": anything, "identifier": anything, "parentSourcedId": anything,
	}),
	academicSessions: withCommon(map[string]content{
		"title": anything, "type": anything, "startDate": date, "endDate": date, "parentSourcedId": anything, "schoolYear": number,
	}),
	results: withCommon(map[string]content{
		"lineItemSourcedId": anything, "studentSourcedId": anything, "scoreStatus": anything, "score": number, "scoreDate": date, "comment": anything,
		"textScore": anything, "classSourcedId": anything, "inProgress": truth, "incomplete": truth, "late": truth, "missing": truth,
	}),
}

func withCommon(c map[string]content) map[string]content {
	c["sourcedId"], c["status"], c["dateLastModified"] = anything, anything, date
	return c
}

// contentOf is what a column holds; known is false outside the standard.
func contentOf(file, field string) (c content, known bool) {
	c, known = columns[file][field]
	if !known {
		return anything, false
	}
	return c, true
}

// gradeLevel is the number of a grade code of CEDS (Entry Grade Level): 1 to 13
// as they are, kindergarten 0, the years before it −1, infants and toddlers −2.
// Codes without a number (ungraded, postsecondary, other) are neither.
func gradeLevel(code []byte) (level int64, numbered, known bool) {
	switch string(code) {
	case "IT":
		return -2, true, true
	case "PR", "PK", "TK":
		return -1, true, true
	case "KG", "K":
		return 0, true, true
	case "UG", "PS", "AB", "ABE", "Other", "OT":
		return 0, false, true
	}
	if len(code) > 2 {
		return 0, false, false
	}
	for _, c := range code {
		if c < '0' || c > '9' {
			return 0, false, false
		}
		level = 10*level + int64(c-'0')
	}
	known = level >= 1 && level <= 13
	return level, known, known
}

// status of a row, see the column of that name.
type status int

const (
	active status = iota
	deleted
	unclear
)

func statusOf(text []byte) status {
	switch string(text) {
	case "", "active":
		return active
	case "tobedeleted", "inactive": // inactive: OneRoster 1.0
		return deleted
	}
	return unclear
}

// split takes a list column apart. The standard encloses lists in quotes and
// parts the elements by commas.
func split(text string) []string {
	parts := strings.Split(text, ",")
	kept := parts[:0]
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			kept = append(kept, p)
		}
	}
	return kept
}
