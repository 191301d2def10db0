// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package csv

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// hostile inputs: each row is about one peculiarity of the dialect.
var hostile = []string{
	"", "\n", "\r\n", "\r", "\n\n\r\n", "a", "a\n", "a\r\n", "a\r", "a\rb,c\rd\n", "a,b\r\r\n", "\ra\n", "a,\r", "a,\r\n",
	"a,b,c\n1,2,3\n", "a,b\n1\n1,2,3\n,\n,,\n", ",", ",\n", ",,,,\n", "a,-5,+,.\n", "-,-,-\n,-,,-\n",
	`"a"`, "\"a\"\n", `""`, `"",""`, `"a,b",c`, `"a""b"`, `""""`, `"""",""""""`, "\"a\nb\",c\n", "\"a\r\nb\"\r\n", "\"a\rb\"\n", "\"\n\n\"\n", "\"\r\n\r\n\"\r\n",
	`"`, `"a`, "\"a\n", "\"a\r", "\"a\r\n", "\"a\n\r", "\"a\nb", "x\n\n\"a\nb\n", `"a"b`, `"a" ,b`, ` "a",b`, `a"b`, `a,b"`, "a\nb,\"c\nd\"e,f\n", "a\nb,\"c\nd\"\"e,f\n", "a\"\n", "\"a\"\"\n",
	"\"a\"\r", "\"a\",\r", "\"a\"\r\r\n", "\"a\r\"\r\n", "\xef\xbb\xbfa,b\n", "\xff,\xfe\n", "\"\xff\",\x00\n", "é,ü\n", "\x2c\x2d\x2e,\xac\xad\n", "\x01\x02\x80,\x81\n",
	"a,b\n\"c\",d\ne,f\n\"g\nh\",i\nj,k", strings.Repeat("a,", 70) + "\n" + strings.Repeat(",", 200), strings.Repeat(`"a",`, 70) + "\n" + strings.Repeat(`"",`, 200),
	strings.Repeat("x", 300) + "," + strings.Repeat("y", 63) + "\n" + strings.Repeat("z", 64) + "\n" + strings.Repeat("z", 65) + ",\n", `"` + strings.Repeat("x\n", 100) + `",b` + "\n",
	"\",\",\",\"\n", "\"a\",\",\",\"b\"\n", "\"\",\"\",\"\"\r\n", "\",\"\n", "\",\",\"\n", "\"a\",b,\"c\"\n", "\"a\"\"\",\"\"\n", "\"a\nb\",\"c\"\n", "\"a\",\"\"\",\"\",\"b\"\n", "\"\"\"\n\"\n", "\"\"\n\"\n",
	strings.Repeat("\""+strings.Repeat("w", 61)+"\",", 3) + "\"\"\n", strings.Repeat("\""+strings.Repeat("w", 60)+"\",", 4) + "\"\"\n", strings.Repeat("\",\",", 50) + "\"x\"\n",
	"a,b" + strings.Repeat("\n", 100) + "c\n", strings.Repeat("a\r\n\r\n", 40) + `b"`,
}

// TestDialect holds every hostile input against encoding/csv, with reads and
// buffers of every small size.
func TestDialect(t *testing.T) {
	for _, text := range hostile {
		for chunk := 1; chunk < 9; chunk++ {
			compare(t, text, chunk, nil)
			compare(t, text, chunk, errors.New("cable cut"))
		}
		compare(t, text, 64, nil)
		compare(t, text, 1<<16, nil)
	}
}

// FuzzReader finds no input that encoding/csv reads otherwise, whatever the
// size of the reads and of the buffer, and where the input breaks off.
func FuzzReader(f *testing.F) {
	for i, text := range hostile {
		f.Add([]byte(text), uint8(i%20+1), i%7 == 0)
	}
	f.Fuzz(func(t *testing.T, text []byte, chunk uint8, broken bool) {
		var end error
		if broken {
			end = errors.New("cable cut")
		}
		compare(t, string(text), int(chunk%200)+1, end)
	})
}

// TestRandomDialect reads many short texts of nothing but structure.
func TestRandomDialect(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const alphabet = "aab,,\"\"\"\r\r\n\n-"
	for range 60_000 {
		text := make([]byte, random.IntN(40))
		for i := range text {
			text[i] = alphabet[random.IntN(len(alphabet))]
		}
		var end error
		if random.IntN(4) == 0 {
			end = errors.New("cable cut")
		}
		compare(t, string(text), random.IntN(40)+1, end)
	}
}

// compare reads text by the Reader, in reads of at most chunk bytes through a
// buffer that begins with that size, and by encoding/csv.
func compare(t *testing.T, text string, chunk int, end error) {
	t.Helper()
	input := func() io.Reader {
		whole := io.Reader(strings.NewReader(text))
		if end != nil {
			whole = io.MultiReader(whole, iotest.ErrReader(end))
		}
		return whole
	}
	want, wantErr := reference(input())
	for _, buffer := range []int{chunk, 1 << 10} {
		got, gotErr := records(newReader(&chunked{input(), chunk}, buffer))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q in reads of %d bytes (-encoding/csv +Reader):\n%s", text, chunk, diff)
		}
		if fmt.Sprintf("%#v", wantErr) != fmt.Sprintf("%#v", gotErr) {
			t.Fatalf("%q in reads of %d bytes: encoding/csv says %v, Reader %v", text, chunk, wantErr, gotErr)
		}
	}
}

type chunked struct {
	in   io.Reader
	most int
}

func (c *chunked) Read(p []byte) (int, error) { return c.in.Read(p[:min(len(p), c.most)]) }

// reference are the records before the first error, by encoding/csv.
func reference(in io.Reader) (all [][]string, err error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	for {
		record, err := r.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, record)
	}
}

func records(r *Reader) (all [][]string, err error) {
	for r.Next() {
		record := make([]string, r.Len())
		for i := range record {
			record[i] = string(r.Field(i))
		}
		all = append(all, record)
	}
	return all, r.Err()
}

func TestMaxRecord(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want int   // records before the error
		err  error // of MaxRecord 10
	}{
		"as long as may be":            {"123456789\n12345678\r\n\"1234\n6\"\n", 3, nil},
		"a line too long":              {"a\n1234567890\n", 1, ErrTooLong},
		"a last line too long":         {"a\n12345678901", 1, ErrTooLong},
		"a last line that just fits":   {"a\n1234567890", 2, nil},
		"CRLF counts":                  {"123456789\r\n", 0, ErrTooLong},
		"lines within quotes together": {"\"123\n456\n8\"\n", 0, ErrTooLong},
		"a quote that never closes":    {"a\n\"" + strings.Repeat("b\n", 1000), 1, ErrTooLong},
		"a line that never ends":       {strings.Repeat("b", 100_000), 0, ErrTooLong},
		"empty lines count":            {"a\n\n\n\n\nb\n" + strings.Repeat("\n", 9) + "c\n", 2, ErrTooLong},
		"empty lines without end":      {"a\n" + strings.Repeat("\n", 100), 1, ErrTooLong},
		"empty lines that just fit":    {"a\n" + strings.Repeat("\n", 8) + "b\n", 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for chunk := 1; chunk < 40; chunk++ {
				r := newReader(&chunked{strings.NewReader(c.text), chunk}, chunk)
				r.MaxRecord = 10
				got, err := records(r)
				if len(got) != c.want || !errors.Is(err, c.err) {
					t.Errorf("in reads of %d bytes: %d records and error %v, want %d and %v", chunk, len(got), err, c.want, c.err)
				}
				if len(r.buf) > 2*(chunk+10)+blockSize {
					t.Errorf("in reads of %d bytes the buffer grew to %d bytes", chunk, len(r.buf))
				}
			}
		})
	}
}

// An input that ends in an error is never taken for one that ends, even if the
// error wraps io.EOF.
func TestWrappedEnd(t *testing.T) {
	cut := fmt.Errorf("cut: %w", io.EOF)
	r := NewReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(cut)))
	got, err := records(r)
	if len(got) != 1 || err != cut { //nolint:errorlint // the very error is meant
		t.Errorf("got %v, %v", got, err)
	}
}

func TestInputThatGivesNothing(t *testing.T) {
	if _, err := records(NewReader(silent{})); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

// TestSum: equal fields have equal sums however they are quoted, and others
// have others.
func TestSum(t *testing.T) {
	seed := maphash.MakeSeed()
	sums := map[uint64][]string{}
	for _, text := range []string{
		"a,b", `"a",b`, `"a","b"`, `"a,b"`, "a,b,c", `"a,b",c`, `a,"b,c"`, `"a,b,c"`, `",a,b"`, `,"a,b"`, `",",a`, `a,","`, ",", `"",""`, `","`,
		`a""`, "\"a\nb\"", `"a""b"`, "a", `"a"`, `"ab"`,
	} {
		r := NewReader(strings.NewReader(text))
		if !r.Next() {
			continue
		}
		fields := make([]string, r.Len())
		for i := range fields {
			fields[i] = string(r.Field(i))
		}
		sum := r.Sum(seed)
		if known, ok := sums[sum]; ok && !slices.Equal(known, fields) {
			t.Errorf("%q and %q have one sum", known, fields)
		}
		for other, known := range sums {
			if other != sum && slices.Equal(known, fields) {
				t.Errorf("%q has two sums", fields)
			}
		}
		sums[sum] = fields
	}
	if len(sums) != 16 {
		t.Errorf("%d different sums, want 16", len(sums))
	}
}

func TestResetReadsAnew(t *testing.T) {
	r := NewReader(strings.NewReader("a,b\n\"c"))
	if _, err := records(r); err == nil {
		t.Fatal("no error of a quote that does not close")
	}
	r.Reset(strings.NewReader("d\ne,f\n"))
	got, err := records(r)
	if diff := cmp.Diff([][]string{{"d"}, {"e", "f"}}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestNoAllocationPerRow(t *testing.T) {
	for name, text := range map[string]string{"plain": table(1000, false), "quoted": table(1000, true)} {
		r := NewReader(nil)
		in := strings.NewReader("")
		allocs := testing.AllocsPerRun(5, func() {
			in.Reset(text)
			r.Reset(in)
			for r.Next() {
			}
		})
		if allocs > 0 {
			t.Errorf("%s: %v allocations for 1,000 rows", name, allocs)
		}
	}
}

// table are rows of 21 fields and 191 bytes, or more if quoted.
func table(rows int, quoted bool) string {
	var out bytes.Buffer
	for i := range rows {
		row := fmt.Sprintf("s-%016x,%d,%d.%d,%s,true,2025-09-%02d,%d,%d,%d.25,%d.5,%03d,%s,%d,%d,%d,0.%06d,%s;%s,false,%d,%d,%d", uint64(i)*0x9e3779b97f4a7c15, i%13, i%100, i%10, []string{"north", "south-east", "w"}[i%3], i%28+1,
			i%100000, i%7, i%1000, i%90, i%1000, strings.Repeat("k", i%12), i%180, i, i%3, i%1000000, "reading", "mathematics", i%50, i%77, i%9)
		row += strings.Repeat("7", max(0, 190-len(row)))
		if quoted {
			row = `"` + strings.ReplaceAll(row, ",", `","`) + `"`
		}
		out.WriteString(row + "\n")
	}
	return out.String()
}

// BenchmarkReader reads rows of 191 bytes and 21 fields, and touches each field.
func BenchmarkReader(b *testing.B) {
	const rows = 10_000
	for _, quoted := range []bool{false, true} {
		text := table(rows, quoted)
		name := "plain"
		if quoted {
			name = "quoted"
		}
		report := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
			b.ReportMetric(0, "ns/op")
		}
		b.Run(name+"/this", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			r := NewReader(nil)
			for b.Loop() {
				r.Reset(strings.NewReader(text))
				total := 0
				for r.Next() {
					for i := range r.Len() {
						total += len(r.Field(i))
					}
				}
				if r.Err() != nil || total == 0 {
					b.Fatal(r.Err())
				}
			}
			report(b)
		})
		b.Run(name+"/encoding-csv", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r := csv.NewReader(strings.NewReader(text))
				r.ReuseRecord, r.FieldsPerRecord = true, -1
				total := 0
				for {
					record, err := r.Read()
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					for _, field := range record {
						total += len(field)
					}
				}
			}
			report(b)
		})
	}
}
