// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package reference

// Map is the student as a program would have it that decoded JSON.
func (s *Student) Map() map[string]any {
	mastery := make(map[string]any, len(s.Mastery))
	for skill, x := range s.Mastery {
		mastery[skill] = x
	}
	recent := make([]any, len(s.Recent))
	for i, x := range s.Recent {
		recent[i] = x
	}
	interests := make([]any, len(s.Interests))
	for i, x := range s.Interests {
		interests[i] = x
	}
	return map[string]any{
		"id": s.ID, "district": s.District, "school": s.School, "homeLanguage": s.HomeLanguage,
		"grade": s.Grade, "daysSince": s.DaysSince,
		"reading": s.Reading, "math": s.Math, "science": s.Science, "growth": s.Growth,
		"risk": s.Risk, "attendance": s.Attendance, "priorHours": s.PriorHours,
		"ell": s.ELL, "iep": s.IEP, "frl": s.FRL, "consent": s.Consent,
		"mastery": mastery, "recent": recent, "interests": interests,
	}
}
