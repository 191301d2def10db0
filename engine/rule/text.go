// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/juncture-dev/juncture/engine/bundle"
)

// text is a reason text in one language: parts of plain text, with the value of
// an expression after each but the last.
type text struct {
	language string
	plain    []string      // one more than there are values
	values   []*expression // constants among them
}

// compileTexts compiles the texts of a reason: {{expression}} stands for the
// expression's value. To write {{ itself, write {{'{{'}}.
func (c *compiler) compileTexts(compiled *row, at place, sc scope, texts map[string]string) {
	languages := make([]string, 0, len(texts))
	for language := range texts {
		languages = append(languages, language)
	}
	slices.Sort(languages)
	known := map[string]*expression{} // by source: languages share their expressions
	for _, language := range languages {
		t := c.compileText(at.in("."+language), sc, texts[language], known)
		t.language = language
		compiled.texts = append(compiled.texts, t)
		for _, e := range t.values {
			if e != nil && e.constant == nil && !slices.Contains(compiled.needs, e) {
				compiled.needs = append(compiled.needs, e)
			}
		}
	}
}

func (c *compiler) compileText(at place, sc scope, source string, known map[string]*expression) text {
	var t text
	fault := func(offset int, code, mend, message string, args ...any) {
		d := at.diagnostic(code, mend, message, args...)
		from := originOf(source[:offset])
		d.Line, d.Column = from.line, from.column
		c.diagnostics = append(c.diagnostics, d)
	}
	if len(source) > MaxTextLength {
		fault(0, bundle.CodeTooLong, "shorten it", "the text has %d bytes, more than %d", len(source), MaxTextLength)
		return t
	}
	if !utf8.ValidString(source) {
		fault(0, CodeSyntax, "save the manifest as UTF-8", "the text is not valid UTF-8")
		return t
	}
	offset := 0
	for {
		open := strings.Index(source[offset:], "{{")
		if open < 0 {
			t.plain = append(t.plain, source[offset:])
			return t
		}
		if len(t.values) == MaxPlaceholders {
			fault(offset+open, bundle.CodeTooMany, "use fewer", "the text has more than %d placeholders", MaxPlaceholders)
			return t
		}
		t.plain = append(t.plain, source[offset:offset+open])
		inside := offset + open + 2
		length := placeholderEnd(source[inside:])
		if length < 0 {
			fault(offset+open, CodePlaceholder, "close it with }}, or write {{'{{'}} for {{ itself", "the placeholder is not closed")
			t.plain = append(t.plain, "")
			t.values = append(t.values, nil)
			return t
		}
		expr := source[inside : inside+length]
		if strings.TrimSpace(expr) == "" {
			fault(offset+open, CodePlaceholder, "write an expression between {{ and }}", "the placeholder is empty")
			t.values = append(t.values, nil)
		} else {
			e, ok := known[expr]
			if !ok {
				e = c.keep(c.compile(at, originOf(source[:inside]), sc, expr))
				e = c.checkPrintable(at, originOf(source[:inside]), e)
				known[expr] = e
			}
			t.values = append(t.values, e)
		}
		offset = inside + length + 2
	}
}

// placeholderEnd finds the }} that closes a placeholder: the first one that is
// not within a string or a map's braces. It is -1 if there is none.
func placeholderEnd(s string) int {
	var quote byte
	depth := 0
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case quote != 0 && ch == '\\':
			i++
		case quote != 0 && ch == quote:
			quote = 0
		case quote != 0:
			// within a string
		case ch == '\'' || ch == '"':
			quote = ch
		case ch == '{':
			depth++
		case ch == '}' && depth > 0:
			depth--
		case ch == '}' && i+1 < len(s) && s[i+1] == '}':
			return i
		}
	}
	return -1
}

func originOf(before string) origin {
	lines := strings.Count(before, "\n")
	last := before[strings.LastIndexByte(before, '\n')+1:]
	return origin{lines + 1, utf8.RuneCountInString(last) + 1}
}

// checkPrintable refuses values that have no plain text form.
func (c *compiler) checkPrintable(at place, from origin, e *expression) *expression {
	if e == nil {
		return nil
	}
	t := e.typ
	if t.Kind() == types.ListKind {
		t = t.Parameters()[0]
	}
	switch t.Kind() {
	case types.BoolKind, types.IntKind, types.DoubleKind, types.StringKind, types.TimestampKind, types.DurationKind, types.TypeParamKind:
		return e
	}
	d := at.diagnostic(CodeType, "name one of its values, or loop over them with map(…)", "a text cannot hold a value of type %s", typeName(e.typ))
	d.Line, d.Column = from.line, from.column
	c.diagnostics = append(c.diagnostics, d)
	return nil
}

// format writes a value into a reason text: integers plain, doubles with at
// most two decimals (halves to even) and no trailing zeros, booleans as true
// and false, dates as 2006-01-02, other instants in RFC 3339, strings as they
// are, and lists' elements separated by ", ".
func format(b *strings.Builder, v ref.Val) {
	switch v := v.(type) {
	case types.Bool:
		b.WriteString(strconv.FormatBool(bool(v)))
	case types.Int:
		b.WriteString(strconv.FormatInt(int64(v), 10))
	case types.Double:
		b.WriteString(formatDouble(float64(v)))
	case types.String:
		b.WriteString(string(v))
	case types.Timestamp:
		t := v.UTC()
		if t.Equal(t.Truncate(24 * time.Hour)) {
			b.WriteString(t.Format(time.DateOnly))
		} else {
			b.WriteString(t.Format(time.RFC3339))
		}
	case types.Duration:
		b.WriteString(v.String())
	case traits.Lister:
		separator := ""
		for it := v.Iterator(); it.HasNext() == types.True; {
			b.WriteString(separator)
			format(b, it.Next())
			separator = ", "
		}
	}
}

// formatDouble rounds the decimal number that the shortest spelling of the
// double denotes: 2.675 is written 2.68, as a reader would round it, although
// the double nearest to it lies below.
func formatDouble(f float64) string {
	shortest := strconv.FormatFloat(f, 'f', -1, 64)
	exact, ok := new(big.Rat).SetString(shortest)
	if !ok {
		return shortest // infinite or not a number
	}
	hundredths := new(big.Rat).Mul(exact, big.NewRat(100, 1))
	quotient, remainder := new(big.Int).QuoRem(hundredths.Num(), hundredths.Denom(), new(big.Int))
	twice := new(big.Int).Abs(remainder)
	twice.Lsh(twice, 1)
	if c := twice.Cmp(hundredths.Denom()); c > 0 || c == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(int64(hundredths.Sign())))
	}
	s := new(big.Rat).SetFrac(quotient, big.NewInt(100)).FloatString(2)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
