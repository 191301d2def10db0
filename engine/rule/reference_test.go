// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/engine/student"
)

// The reference workload: a generated population and a table of eight rules,
// by which engines are compared. Bundles have no maps, so a student's mastery of
// twelve skills is twelve attributes here, and "any skill below" a list of them.

var (
	skills    = strings.Fields("add_sub mult_div fractions decimals ratios expressions equations geometry measurement data_prob functions statistics")
	languages = strings.Fields("en en en en es es zh ar vi ko fr tl")
	pastimes  = strings.Fields("music art sports robotics coding reading science history gaming cooking nature theater dance photography chess travel animals space math writing")
	outreach  = strings.Fields("D003 D017 D042 D058 D101 D007 D011 D023 D031 D077 D088 D119")
)

type pupil struct {
	grade, days                                                int64
	district, language                                         string
	reading, maths, science, growth, risk, attendance, tutored float64
	ell, iep, consent                                          bool
	mastery                                                    [12]float64
	recent                                                     [5]float64
	interests                                                  []string
}

// draws is the generator's source of randomness: splitmix64.
type draws uint64

func (d *draws) next() uint64 {
	*d += 0x9E3779B97F4A7C15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (d *draws) f() float64                { return float64(d.next()>>11) / (1 << 53) }
func (d *draws) n(k uint64) int            { return int(d.next() % k) }
func (d *draws) p(q float64) bool          { return d.f() < q }
func (d *draws) bell(m, w float64) float64 { return m + (d.f()+d.f()+d.f()-1.5)*w/1.5*1.6 }

func clamped(x, low, high, k float64) float64 {
	return math.Round(min(max(x, low), high)*k) / k
}

func generate(i int) pupil {
	d := draws(uint64(i)*0xD1342543DE82EF95 + 42)
	var s pupil
	s.grade = int64(d.n(13))
	s.district = fmt.Sprintf("D%03d", d.n(120)+1)
	d.n(25) // school
	s.language = languages[d.n(12)]
	ability := d.bell(62, 30)
	s.reading = clamped(ability+d.bell(0, 18), 0, 100, 10)
	s.maths = clamped(ability+d.bell(-2, 20), 0, 100, 10)
	s.science = clamped(ability+d.bell(0, 16), 0, 100, 10)
	s.growth = clamped(d.bell(50, 45), 0, 100, 10)
	s.risk = clamped(d.bell(0.75-ability/200, 0.4), 0, 1, 100)
	s.attendance = clamped(1-d.f()*d.f()*0.4, 0, 1, 1000)
	s.tutored = math.Round(d.f()*d.f()*60*10) / 10
	s.days = int64(math.Floor(d.f() * d.f() * 90))
	s.ell = s.language != "en" && d.p(0.6)
	s.iep = d.p(0.14)
	d.p(0.4) // free or reduced lunch
	s.consent = !d.p(0.03)
	for j := range s.mastery {
		s.mastery[j] = clamped((ability+d.bell(0, 30))/100, 0, 1, 100)
	}
	for j := range s.recent {
		s.recent[j] = clamped(ability+d.bell(0, 25), 0, 100, 10)
	}
	s.interests = make([]string, 1+d.n(5))
	for j := range s.interests {
		s.interests[j] = pastimes[d.n(20)]
	}
	return s
}

// byHand is the table written in Go: the rule's number and the priority.
func byHand(s *pupil) (rule int, priority float64) {
	below := func(limit float64) bool {
		return slices.ContainsFunc(s.recent[:], func(x float64) bool { return x < limit })
	}
	skill := func(name string) float64 { return s.mastery[slices.Index(skills, name)] }
	average := (s.recent[2] + s.recent[3] + s.recent[4]) / 3
	likes := func(any ...string) bool {
		return slices.ContainsFunc(s.interests, func(i string) bool { return slices.Contains(any, i) })
	}
	switch {
	case !s.consent:
		return 1, 0
	case s.grade >= 3 && s.grade <= 8 && average < 45 && skill("fractions") < 0.4 && skill("ratios") < 0.4:
		return 2, (100-s.maths)*0.5 + (1-skill("fractions"))*30 + (1-s.attendance)*20
	case s.attendance < 0.9 && slices.Contains(outreach, s.district) && (s.days > 21 || below(30)):
		return 3, (1-s.attendance)*100 + float64(s.days)*0.25
	case s.ell && s.reading < 50 && slices.Contains([]string{"es", "zh", "ar", "vi"}, s.language) && slices.Min(s.mastery[:]) < 0.25:
		extra := 0.0
		if s.iep {
			extra = 10
		}
		return 4, (50-s.reading)*1.5 + extra
	case s.iep && (s.maths < 55 || s.reading < 55) && below(35):
		return 5, (110-s.maths-s.reading)*0.5 + 15
	case s.grade >= 6 && skill("expressions") >= 0.7 && skill("equations") >= 0.65 && average >= 70 && likes("robotics", "coding", "math", "science"):
		return 6, s.maths*0.3 + s.growth*0.2 + skill("equations")*10
	case s.growth < 40 && s.risk > 0.45 && s.days > 10 && s.tutored < 20 && likes("music", "art", "sports", "dance", "theater"):
		return 7, s.risk*60 + (40-s.growth)*0.8
	}
	return 8, s.risk*20 + (100-(s.maths+s.reading+s.science)/3)*0.1
}

func referenceBundle() *bundle.Bundle {
	attribute := func(t bundle.Type, names ...string) (list []bundle.Attribute) {
		for _, name := range names {
			list = append(list, bundle.Attribute{Name: name, Type: t, MaxItems: map[bool]int{true: 5}[t.IsList()], MaxLength: map[bool]int{true: 16}[t.Element() == bundle.String]})
		}
		return list
	}
	attributes := slices.Concat(
		attribute(bundle.Boolean, "consent", "ell", "iep"), attribute(bundle.Integer, "grade", "daysSince"), attribute(bundle.String, "district", "homeLanguage"),
		attribute(bundle.Number, "reading", "math", "science", "growth", "risk", "attendance", "priorHours"), attribute(bundle.Number, skills...),
		attribute(bundle.NumberList, "recent"), attribute(bundle.StringList, "interests"))
	rule := func(id, when, decision string, seats int, priority string) bundle.Rule {
		spell := func(expression string) string {
			expression = strings.ReplaceAll(expression, "s.mastery.exists(k, s.mastery[k] < 0.25)", "["+prefixed("student.", skills)+"].exists(m, m < 0.25)")
			return regexp.MustCompile(`\bs\.`).ReplaceAllString(expression, "student.")
		}
		return bundle.Rule{
			ID: id, When: spell(when), Then: map[string]string{"decision": "'" + decision + "'", "seats": fmt.Sprint(seats)},
			Priority: spell(priority), Reason: bundle.Reason{Code: id},
		}
	}
	return &bundle.Bundle{
		Format: bundle.FormatV1,
		Process: bundle.Process{
			Name: "reference", Mode: bundle.ModeLive, Purpose: "Placement", Juncture: "Support",
			Result: []bundle.Field{{Name: "decision", Type: bundle.String}, {Name: "seats", Type: bundle.Integer}},
		},
		Information: bundle.Model{Name: "reference", Attributes: attributes},
		Rules: bundle.RuleSet{Name: "reference", HitPolicy: bundle.First, Rules: []bundle.Rule{
			rule("R1", "!s.consent", "none", 0, "0.0"),
			rule("R2", "s.grade >= 3 && s.grade <= 8 && (s.recent[2] + s.recent[3] + s.recent[4]) / 3.0 < 45.0 && s.fractions < 0.4 && s.ratios < 0.4", "intensive", 3, "(100.0 - s.math) * 0.5 + (1.0 - s.fractions) * 30.0 + (1.0 - s.attendance) * 20.0"),
			rule("R3", "s.attendance < 0.9 && s.district in ['"+strings.Join(outreach, "','")+"'] && (s.daysSince > 21 || s.recent.exists(x, x < 30.0))", "outreach", 1, "(1.0 - s.attendance) * 100.0 + double(s.daysSince) * 0.25"),
			rule("R4", "s.ell && s.reading < 50.0 && s.homeLanguage in ['es','zh','ar','vi'] && s.mastery.exists(k, s.mastery[k] < 0.25)", "language_support", 2, "(50.0 - s.reading) * 1.5 + (s.iep ? 10.0 : 0.0)"),
			rule("R5", "s.iep && (s.math < 55.0 || s.reading < 55.0) && s.recent.exists(x, x < 35.0)", "small_group", 2, "(110.0 - s.math - s.reading) * 0.5 + 15.0"),
			rule("R6", "s.grade >= 6 && s.expressions >= 0.7 && s.equations >= 0.65 && (s.recent[2] + s.recent[3] + s.recent[4]) / 3.0 >= 70.0 && ('robotics' in s.interests || 'coding' in s.interests || 'math' in s.interests || 'science' in s.interests)", "enrichment", 1, "s.math * 0.3 + s.growth * 0.2 + s.equations * 10.0"),
			rule("R7", "s.growth < 40.0 && s.risk > 0.45 && s.daysSince > 10 && s.priorHours < 20.0 && s.interests.exists(i, i in ['music','art','sports','dance','theater'])", "mentor", 1, "s.risk * 60.0 + (40.0 - s.growth) * 0.8"),
			rule("R8", "true", "standard", 0, "s.risk * 20.0 + (100.0 - (s.math + s.reading + s.science) / 3.0) * 0.1"),
		}},
	}
}

func prefixed(prefix string, names []string) string {
	return prefix + strings.Join(names, ", "+prefix)
}

func referencePopulation(b *bundle.Bundle, n int) (*student.Population, []pupil) {
	pupils := make([]pupil, n)
	ids := make([]string, n)
	columns := make([]*student.Column, len(b.Information.Attributes))
	codes := make([]map[string]uint32, len(columns))
	for j, a := range b.Information.Attributes {
		columns[j] = &student.Column{Attribute: a, Offsets: []uint32{0}}
		codes[j] = map[string]uint32{}
	}
	for i := range pupils {
		pupils[i] = generate(i)
		ids[i] = fmt.Sprintf("S%08d", i)
		for j, v := range pupils[i].values() {
			appendPlain(columns[j], codes[j], v)
		}
	}
	return student.New("reference", time.Unix(0, 0), time.UTC, student.Origin{}, ids, make([]string, n), make([]string, n), columns), pupils
}

// values are in the order of referenceBundle's attributes.
func (s *pupil) values() []any {
	v := []any{s.consent, s.ell, s.iep, s.grade, s.days, s.district, s.language, s.reading, s.maths, s.science, s.growth, s.risk, s.attendance, s.tutored}
	for _, m := range s.mastery {
		v = append(v, m)
	}
	return append(v, s.recent[:], s.interests)
}

func appendPlain(c *student.Column, codes map[string]uint32, v any) {
	code := func(s string) uint32 {
		if _, ok := codes[s]; !ok {
			codes[s] = uint32(len(c.Dict))
			c.Dict = append(c.Dict, s)
		}
		return codes[s]
	}
	c.Presence = append(c.Presence, student.Present)
	switch v := v.(type) {
	case bool:
		c.Bools = append(c.Bools, v)
	case int64:
		c.Ints = append(c.Ints, v)
	case float64:
		c.Floats = append(c.Floats, v)
	case string:
		c.Codes = append(c.Codes, code(v))
	case []float64:
		c.Floats = append(c.Floats, v...)
		c.Offsets = append(c.Offsets, uint32(len(c.Floats)))
	case []string:
		for _, s := range v {
			c.Codes = append(c.Codes, code(s))
		}
		c.Offsets = append(c.Offsets, uint32(len(c.Codes)))
	}
}

// The rules in CEL and the same rules in Go agree on every student, and the Go
// ones have the published counts: so the workload is the one that is compared.
func TestReferenceWorkload(t *testing.T) {
	var counts [9]int
	total := 0.0
	for i := range 1_000_000 {
		s := generate(i)
		rule, priority := byHand(&s)
		counts[rule]++
		total += priority
	}
	if want := [9]int{0, 30130, 20444, 19336, 36945, 25467, 42906, 31148, 793624}; counts != want {
		t.Errorf("rules by hand hit %v, want %v", counts, want)
	}
	if math.Abs(total-16_320_827.89667) > 1e-3 {
		t.Errorf("priorities by hand sum to %.5f", total)
	}
	b := referenceBundle()
	population, pupils := referencePopulation(b, 20_000)
	e, err := compiled(t, b).Bind(population)
	if err != nil {
		t.Fatal(err)
	}
	for row := range pupils {
		rule, priority := byHand(&pupils[row])
		o := e.Decide(row)
		if o.Status != Decided || o.Rules[0] != fmt.Sprintf("R%d", rule) || *o.Priority != priority {
			t.Fatalf("student %d: rule R%d with %v by hand, %+v", row, rule, priority, o)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	reference := referenceBundle()
	population, _ := referencePopulation(reference, 20_000)
	e, err := compiled(b, reference).Bind(population)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	row := 0
	for b.Loop() {
		e.Decide(row)
		row = (row + 1) % population.Len()
	}
}

func BenchmarkCompile(b *testing.B) {
	reference := referenceBundle()
	compiled(b, reference) // the shared environment is built once
	b.ReportAllocs()
	for b.Loop() {
		compiled(b, reference)
	}
}
