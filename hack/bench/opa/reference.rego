package reference

# Most telling conditions first, as Rego stops at the first that fails. One rule
# with else is what OPA's evaluator takes fastest for "first hit wins".

outreach := {"D003", "D017", "D042", "D058", "D101", "D007", "D011", "D023", "D031", "D077", "D088", "D119"}

supported := {"es", "zh", "ar", "vi"}

enrichment := {"robotics", "coding", "math", "science"}

arts := {"music", "art", "sports", "dance", "theater"}

latest := ((input.recent[2] + input.recent[3]) + input.recent[4]) / 3

late if input.daysSince > 21

late if {
	some x in input.recent
	x < 30
}

behind if input.math < 55

behind if input.reading < 55

extra := 10 if input.iep

else := 0

decision := [0, 0] if {
	not input.consent
} else := [1, (((100 - input.math) * 0.5) + ((1 - input.mastery.fractions) * 30)) + ((1 - input.attendance) * 20)] if {
	input.grade >= 3
	input.grade <= 8
	latest < 45
	input.mastery.fractions < 0.4
	input.mastery.ratios < 0.4
} else := [2, ((1 - input.attendance) * 100) + (input.daysSince * 0.25)] if {
	input.attendance < 0.9
	outreach[input.district]
	late
} else := [3, ((50 - input.reading) * 1.5) + extra] if {
	input.ell
	input.reading < 50
	supported[input.homeLanguage]
	some skill in input.mastery
	skill < 0.25
} else := [4, (((110 - input.math) - input.reading) * 0.5) + 15] if {
	input.iep
	behind
	some x in input.recent
	x < 35
} else := [5, ((input.math * 0.3) + (input.growth * 0.2)) + (input.mastery.equations * 10)] if {
	input.grade >= 6
	input.mastery.expressions >= 0.7
	input.mastery.equations >= 0.65
	latest >= 70
	some i in input.interests
	enrichment[i]
} else := [6, (input.risk * 60) + ((40 - input.growth) * 0.8)] if {
	input.growth < 40
	input.risk > 0.45
	input.daysSince > 10
	input.priorHours < 20
	some i in input.interests
	arts[i]
} else := [7, (input.risk * 20) + ((100 - (((input.math + input.reading) + input.science) / 3)) * 0.1)]
