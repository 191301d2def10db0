// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package synthetic generates a state of invented students as OneRoster CSV packages, one zip a district.
//
// No student, teacher, name, score or date in its output is real. Only aggregate figures about schools go in (how many
// students a grade has, which share of them belongs to a group, how test levels are distributed), and everything
// about a single student is drawn at random from those.
//
// # Method
//
// A [Shape] says which districts and schools there are. It comes from a table of real schools ([FromSchoolsCSV]) or is drawn
// with heavy-tailed district sizes ([HeavyTailed]). [Generate] fills it with students:
//
//   - Enrolment per school and grade is exactly the shape's (or its scaled share, see [Options].Scale).
//   - Sex, race and ethnicity, disability, English-learner and economic status are drawn independently per student from
//     the school's shares. Joint shares are unknown in the sources, so the groups are independent of one another.
//   - Ability in a subject is a normal variate, 0.8 common to all subjects and 0.6 its own (so subjects correlate with 0.64), moved by
//     fixed group gaps that are centred within the school. Its percentile is read off the school's distribution of test levels for that
//     grade: a school with 40 % advanced has 40 % of its students with an expected score above 80. Grades without a test
//     borrow from the nearest tested grade of the school, then of the district, then of the state. Science is the mean of mathematics and English.
//   - A score is that expectation, plus growth through the year, the difficulty of the item, and noise. 1–10 % of the work is not
//     submitted (more for those who are often absent), 0.6 % exempt. Scores are 0 to 100 with one decimal.
//   - Attendance has no file in OneRoster CSV. It is carried by monthly line items of the category "attendance" in the homeroom class: the
//     percentage of the month's school days that a student was present.
//   - About 4 % of students arrive and 3 % leave during the year; they have results only for their time. About 1 % of those from grade 9 up
//     take science at another school of the district.
//
// Every district is generated from its own random streams, keyed by SHA-256 of the seed and the district's identifier, so a district's
// package is the same bytes whatever the number of workers and whichever other districts are generated beside it. Normal variates
// are sums of integers and products are rounded before they are added, so that processors with fused multiply-add give the same bytes too.
// The bytes are those of one version of this package and of the compressor in go.mod; they may change with either.
//
// # Sources of the figures
//
//   - [FromSchoolsCSV] reads the schools table of the Massachusetts Department of Elementary and Secondary Education as packaged in the
//     data-edu collection (CC BY 4.0): 1,861 schools, 410 districts, 953,748 students.
//   - [HeavyTailed] is the lognormal distribution that has 2,558 of 13,318 districts below 300 students and 266 at 25,000 or above (NCES Digest of
//     Education Statistics, table 214.20, 2021-22): median 1,119, mean 3,513, where the real mean is 3,669 (48.861 M students, table
//     216.30). School sizes per level are chosen so that the mean school has about the 492 students of 99,388 real schools.
//     Its group shares are round figures near those of US public schools.
//   - Group gaps, growth, noise, absence and mobility are chosen to be plausible. They are estimated from nothing: do not draw conclusions
//     about schools, groups or programmes from them.
//
// # Format
//
// OneRoster CSV 1.1 or 1.2 with all columns of the files present, bulk, status and dateLastModified left empty as they may be then. In 1.2 the roles of users are
// in roles.csv; userProfiles, resources, score scales and learning objectives are absent. An academic session's and an enrolment's end date is
// exclusive. A course is a subject (sourcedId "mathematics", "english", "science", "homeroom"), and a category's
// sourcedId is its title ("test", "quiz", "homework", "attendance"), so that rules can name them. demographics.csv carries metadata.englishLearner,
// metadata.disability and metadata.economicallyDisadvantaged: for audits, never for rules.
// The files have not been certified by 1EdTech.
package synthetic
