// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package columns_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/juncture-dev/juncture/engine/ledger/columns"
)

func TestIntegersOfAllWidthsAreReadBack(t *testing.T) {
	for _, values := range [][]int64{
		nil, {0}, {7, 7, 7}, {-1, 254}, {0, 255}, {0, 256}, {-32768, 32767}, {0, 65536}, {0, math.MaxUint32}, {0, math.MaxUint32 + 1},
		{math.MinInt64, math.MaxInt64}, {math.MinInt64}, {math.MaxInt64, math.MaxInt64 - 300},
	} {
		readBack(t, values)
	}
	readBack(t, []int8{-128, 127})
	readBack(t, []uint8{0, 255})
	readBack(t, []int16{math.MinInt16, math.MaxInt16})
	readBack(t, []int32{math.MinInt32, math.MaxInt32})
	readBack(t, []uint32{0, math.MaxUint32})
}

func readBack[T columns.Integer](t *testing.T, values []T) {
	t.Helper()
	chunk := columns.AppendInts(nil, values)
	d := columns.NewDecoder(chunk)
	got := columns.Ints[T](d, nil, len(values))
	if diff := cmp.Diff(values, got, cmpopts.EquateEmpty()); diff != "" || d.End() != nil {
		t.Errorf("%v (-written +read), %v:\n%s", values, d.Err(), diff)
	}
	for from := range values {
		d := columns.NewDecoder(chunk)
		if part := columns.IntsIn[T](d, nil, len(values), from, from+1); len(part) != 1 || part[0] != values[from] || d.End() != nil {
			t.Errorf("%v from %d: %v, %v", values, from, part, d.Err())
		}
	}
}

// TestNumbersKeepTheirBits: whatever the bits are, few or many distinct.
func TestNumbersKeepTheirBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	odd := []float64{0, math.Copysign(0, -1), math.NaN(), math.Float64frombits(0x7ff8000000000123), math.Inf(1), math.SmallestNonzeroFloat64, -1.5}
	for _, n := range []int{0, 1, 2, 511, 513, 4096, 1<<14 + 1} {
		for _, distinct := range []int{1, 7, 256, 257, 1 << 20} {
			values := make([]float64, n)
			for i := range values {
				values[i] = float64(r.IntN(distinct))
				if r.IntN(9) == 0 {
					values[i] = odd[r.IntN(len(odd))]
				}
			}
			chunk := columns.AppendFloats(nil, values)
			d := columns.NewDecoder(chunk)
			got := columns.Floats(d, nil, n)
			if d.End() != nil || len(got) != n {
				t.Fatalf("%d of %d: %v", n, distinct, d.Err())
			}
			for i := range got {
				if math.Float64bits(got[i]) != math.Float64bits(values[i]) {
					t.Fatalf("%d of %d: number %d is %x, written was %x", n, distinct, i, got[i], values[i])
				}
			}
			if n > 1000 && n <= 1<<14 && distinct == 1 && len(chunk) > 2*n {
				t.Errorf("%d numbers, few distinct, take %d bytes", n, len(chunk))
			}
		}
	}
}

func TestTextsAndBooleansAreReadBack(t *testing.T) {
	var c columns.Coder
	for _, values := range [][]string{nil, {""}, {"", "\x00", "\x00\x00", "a"}, {"x", "x", "x"}, {"b", "a", "b", "學", "a", "\xff"}} {
		d := columns.NewDecoder(columns.AppendTexts(nil, values))
		if diff := cmp.Diff(values, columns.Texts(d, nil, len(values)), cmpopts.EquateEmpty()); diff != "" || d.End() != nil {
			t.Errorf("texts %q, %v:\n%s", values, d.Err(), diff)
		}
		repeated := c.AppendTexts(nil, values)
		d = columns.NewDecoder(repeated)
		if diff := cmp.Diff(values, columns.RepeatedTexts(d, nil, len(values)), cmpopts.EquateEmpty()); diff != "" || d.End() != nil {
			t.Errorf("repeated texts %q, %v:\n%s", values, d.Err(), diff)
		}
		// The same by codes, whatever else the dictionary holds.
		dictionary, codes := []string{"unused"}, []uint32{}
		for _, v := range values {
			at := uint32(0)
			for i := range dictionary {
				if dictionary[i] == v {
					at = uint32(i)
				}
			}
			if at == 0 {
				at = uint32(len(dictionary))
				dictionary = append(dictionary, v)
			}
			codes = append(codes, at)
		}
		if got := c.AppendCodes(nil, codes, dictionary); !bytes.Equal(got, repeated) {
			t.Errorf("%q by codes: %x, by texts %x", values, got, repeated)
		}
	}
	for _, values := range [][]bool{nil, {true}, {false, false}, {true, true}, {true, false, true}} {
		d := columns.NewDecoder(columns.AppendBools(nil, values))
		if diff := cmp.Diff(values, columns.Bools(d, nil, len(values)), cmpopts.EquateEmpty()); diff != "" || d.End() != nil {
			t.Errorf("%v, %v:\n%s", values, d.Err(), diff)
		}
	}
}

// TestMalformedChunksAreErrors: none of these is read, and none makes room for
// what it claims.
func TestMalformedChunksAreErrors(t *testing.T) {
	for name, read := range map[string]func(d *columns.Decoder){
		"a width of 3":               func(d *columns.Decoder) { columns.Ints[int64](d, nil, 1) },
		"too many equal numbers":     func(d *columns.Decoder) { columns.Ints[int64](d, nil, columns.MaxValues+1) },
		"a negative number of them":  func(d *columns.Decoder) { columns.Ints[int64](d, nil, -1) },
		"a wide number beyond it":    func(d *columns.Decoder) { columns.Ints[int32](d, nil, 1) },
		"a number beyond its column": func(d *columns.Decoder) { columns.Ints[int8](d, nil, 1) },
		"a Boolean of 2":             func(d *columns.Decoder) { columns.Bools(d, nil, 1) },
		"an unknown encoding":        func(d *columns.Decoder) { columns.Floats(d, nil, 1) },
		"texts beyond the end":       func(d *columns.Decoder) { columns.Texts(d, nil, 1) },
		"a code of no text":          func(d *columns.Decoder) { columns.CodedTexts(d, nil, 1) },
		"a count beyond the end":     func(d *columns.Decoder) { d.Count(1) },
	} {
		chunk := map[string][]byte{
			"a width of 3": {3, 0, 1, 2, 3}, "too many equal numbers": {0, 0}, "a negative number of them": {0, 0},
			"a number beyond its column": {1, 200, 1, 100}, "a wide number beyond it": {8, 9, 0, 0, 0, 0, 1, 0, 0, 0}, "a Boolean of 2": {1, 0, 2}, "an unknown encoding": {9, 0, 0, 0, 0, 0, 0, 0, 0},
			"texts beyond the end": {0, 0xfe, 0xff, 0xff, 0xff, 0x0f}, "a code of no text": {0, 0, 0, 0, 2}, "a count beyond the end": {200, 1},
		}[name]
		d := columns.NewDecoder(chunk)
		if read(d); d.End() == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func exampleFile(t *testing.T) ([]byte, columns.Digest) {
	t.Helper()
	var file bytes.Buffer
	w := columns.NewWriter(&file)
	for i := range 5 {
		chunk := bytes.Repeat([]byte{byte(i)}, 10*i)
		if err := w.Append(chunk, sha256.Sum256(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	seal, err := w.Close([]byte("described"))
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), seal
}

// readAll reads a file as whoever verifies it does.
func readAll(file []byte, seal columns.Digest) error {
	f, err := columns.Open(bytes.NewReader(file), int64(len(file)), seal)
	if err != nil {
		return err
	}
	for i := range f.Chunks() {
		b, err := f.Read(i, nil, nil)
		if err != nil {
			return err
		}
		if len(b) != 10*i {
			return fmt.Errorf("chunk %d has %d bytes", i, len(b))
		}
	}
	if string(f.Description) != "described" || f.Chunks() != 5 {
		return errors.New("another file")
	}
	return nil
}

// TestEveryByteOfAFileCounts: who knows the seal finds any change.
func TestEveryByteOfAFileCounts(t *testing.T) {
	file, seal := exampleFile(t)
	if err := readAll(file, seal); err != nil {
		t.Fatal(err)
	}
	for at := range file {
		for bit := range 8 {
			altered := bytes.Clone(file)
			altered[at] ^= 1 << bit
			if readAll(altered, seal) == nil {
				t.Fatalf("bit %d of byte %d is altered and not found", bit, at)
			}
		}
		if readAll(file[:at], seal) == nil {
			t.Fatalf("cut after %d bytes and not found", at)
		}
		if grown := append(append(bytes.Clone(file[:at]), 0), file[at:]...); readAll(grown, seal) == nil {
			t.Fatalf("grown at byte %d and not found", at)
		}
	}
	other := &columns.SealError{}
	if _, err := columns.Open(bytes.NewReader(file), int64(len(file)), columns.Digest{}); !errors.As(err, &other) || other.Got != seal {
		t.Errorf("under another seal: %v", err)
	}
}

func TestOneChunkIsReadWithoutTheOthers(t *testing.T) {
	file, seal := exampleFile(t)
	file[8+5] ^= 1 // in chunk 1
	f, err := columns.Open(bytes.NewReader(file), int64(len(file)), seal)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(3, nil, nil); err != nil {
		t.Errorf("a chunk that was not touched: %v", err)
	}
	var altered *columns.ChunkError
	if _, err := f.Read(1, nil, nil); !errors.As(err, &altered) || altered.Chunk != 1 {
		t.Errorf("the one that was: %v", err)
	}
	if _, err := f.Read(5, nil, nil); err == nil {
		t.Error("there is a sixth")
	}
}
