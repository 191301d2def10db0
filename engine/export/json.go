// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/juncture-dev/juncture/engine/decision"
)

// Record is a decision record's JSON form. Its members and their order are
// stable; members may be added.
type Record struct {
	ID         string   `json:"id"`
	District   string   `json:"district"`
	School     string   `json:"school,omitempty"`
	Class      string   `json:"class,omitempty"`
	Student    string   `json:"student"`
	Process    string   `json:"process"`
	Revision   string   `json:"revision"`
	Run        string   `json:"run,omitempty"`
	At         string   `json:"at"` // RFC 3339
	Rules      []string `json:"rules,omitempty"`
	State      string   `json:"state"`
	Reason     Reason   `json:"reason"`
	Priority   *Number  `json:"priority,omitempty"`
	Result     Result   `json:"result,omitempty"`
	Group      string   `json:"group,omitempty"`
	Units      int64    `json:"units,omitempty"`
	Rank       int      `json:"rank,omitempty"`
	Waiting    int      `json:"waiting,omitempty"`
	Placement  string   `json:"placement,omitempty"`
	Missing    []string `json:"missing,omitempty"`
	Failure    string   `json:"failure,omitempty"`
	Supersedes string   `json:"supersedes,omitempty"`
	Expires    string   `json:"expires,omitempty"` // RFC 3339
}

// Reason is why, as code and as text by language.
type Reason struct {
	Code string            `json:"code"`
	Text map[string]string `json:"text,omitempty"`
}

// NewRecord is the JSON form of a record.
func NewRecord(r *decision.Record) Record {
	return Record{
		ID: r.ID, District: r.District, School: r.School, Class: r.Class, Student: r.Student,
		Process: r.Process, Revision: r.Revision, Run: r.Run, At: instant(r.At),
		Rules: r.Rules, State: string(r.State), Reason: Reason{Code: r.Reason.Code, Text: r.Reason.Text},
		Priority: (*Number)(r.Priority), Result: r.Result,
		Group: r.Group, Units: r.Units, Rank: r.Rank, Waiting: r.Waiting, Placement: r.Placement,
		Missing: r.Missing, Failure: r.Failure, Supersedes: r.Supersedes, Expires: instant(r.Expires),
	}
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// Result is a JSON object of the result fields in declared order: null where a
// field has no value, dates as 2006-01-02.
type Result []decision.Value

// MarshalJSON implements json.Marshaler.
func (r Result) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := marshal(v.Field)
		if err != nil {
			return nil, err
		}
		value, err := marshal(JSONValue(v.V))
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// JSONValue is a value as encoding/json should see it: dates become strings
// 2006-01-02, doubles Numbers.
func JSONValue(v any) any {
	switch v := v.(type) {
	case float64:
		return Number(v)
	case time.Time:
		return Text(v)
	case []float64:
		list := make([]Number, len(v))
		for i, n := range v {
			list[i] = Number(n)
		}
		return list
	case []time.Time:
		list := make([]string, len(v))
		for i, t := range v {
			list[i] = Text(t)
		}
		return list
	}
	return v
}

// Number is a double in JSON, spelled as in the other text formats. JSON has no
// infinities and no NaN: they become the strings "+Inf", "-Inf" and "NaN".
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	s := Text(float64(n))
	if math.IsInf(float64(n), 0) || math.IsNaN(float64(n)) {
		s = strconv.Quote(s)
	}
	return []byte(s), nil
}

// AppendJSON appends a record's JSON object to dst, without a line end.
func AppendJSON(dst []byte, r *decision.Record) ([]byte, error) {
	b, err := marshal(NewRecord(r))
	return append(dst, b...), err
}

// marshal is json.Marshal without the escapes that only HTML needs.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

type jsonWriter struct {
	out  io.Writer
	line []byte
}

func newJSON(w io.Writer, _ []Column) (Writer, error) { return &jsonWriter{out: w}, nil }

func (j *jsonWriter) Write(r *decision.Record) (err error) {
	if j.line, err = AppendJSON(j.line[:0], r); err != nil {
		return err
	}
	j.line = append(j.line, '\n')
	_, err = j.out.Write(j.line)
	return err
}

func (j *jsonWriter) Close() error { return nil }
