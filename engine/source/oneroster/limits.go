// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"context"
	"io"
	"strconv"
)

// Limits bound what an export may cost, whatever it claims to be. A zero member
// means the default.
type Limits struct {
	// Total and File are the most uncompressed bytes of all files and of one
	// file. Default 8 GiB each.
	Total, File int64
	// Ratio is the most a file in a zip may expand, once it has given more than
	// RatioFrom bytes. Default 200 from 16 MiB on: real exports expand five- to
	// fortyfold, a bomb a thousandfold.
	Ratio, RatioFrom int64
	// Record is the most bytes of one CSV record, its line end included. Default
	// 1 MiB, at most 2 GiB.
	Record int64
	// Columns is the most columns of a file. Default 1,024.
	Columns int
	// Problems is the most problems kept of each file; all are counted. Default 1,000.
	Problems int
}

func (l Limits) withDefaults() Limits {
	orElse := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	orElse(&l.Total, 8<<30)
	orElse(&l.File, 8<<30)
	orElse(&l.Ratio, 200)
	orElse(&l.RatioFrom, 16<<20)
	orElse(&l.Record, 1<<20)
	if l.Columns <= 0 {
		l.Columns = 1024
	}
	if l.Problems <= 0 {
		l.Problems = 1000
	}
	return l
}

// meter counts the bytes read from all files of one export against the limits,
// and tells how far reading has come.
type meter struct {
	ctx      context.Context // ends every read
	limits   Limits
	done     int64
	expected int64
	told     int64
	progress func(done, total int64)
}

const progressStep = 1 << 20

func (m *meter) tell(finished bool) {
	if m.progress != nil && (finished || m.done-m.told >= progressStep) {
		m.told = m.done
		m.progress(m.done, max(m.expected, m.done))
	}
}

// open opens a file of the archive, unless what the archive says of it is
// already beyond the limits: that refuses a bomb before it has cost anything.
func (m *meter) open(a *archive, name string) (*guarded, error) {
	file := a.files[name]
	g := &guarded{file: name, meter: m, compressed: file.compressed}
	if err := g.beyond(file.size, m.done+file.size); err != nil {
		return nil, err
	}
	in, err := file.open()
	if err != nil {
		return nil, readError(name, 0, err)
	}
	g.in = in
	return g, nil
}

// guarded reads one file within the limits.
type guarded struct {
	in         io.ReadCloser
	file       string
	meter      *meter
	compressed int64 // 0: not compressed
	read       int64
}

func (g *guarded) Read(p []byte) (int, error) {
	if err := g.meter.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := g.in.Read(p)
	g.read += int64(n)
	g.meter.done += int64(n)
	if err := g.beyond(g.read, g.meter.done); err != nil {
		return 0, err
	}
	g.meter.tell(false)
	return n, err
}

func (g *guarded) Close() error { return g.in.Close() }

// beyond says which limit a file of size bytes, and with it a total, exceeds.
func (g *guarded) beyond(size, total int64) error {
	l := g.meter.limits
	switch {
	case size > l.File || size < 0:
		return &Error{File: g.file, Fault: "holds more than " + bytesText(l.File), Mend: "export fewer years or raise the limit"}
	case total > l.Total:
		return &Error{File: g.file, Fault: "the export holds more than " + bytesText(l.Total), Mend: "export fewer years or raise the limit"}
	case g.compressed > 0 && size > l.RatioFrom && size/g.compressed >= l.Ratio:
		return &Error{File: g.file, Fault: "expands more than " + strconv.FormatInt(l.Ratio, 10) + " times, as no roster does", Mend: "check where the zip comes from, or provide the folder of CSV files instead"}
	}
	return nil
}

func bytesText(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, " GiB"}, {1 << 20, " MiB"}, {1 << 10, " KiB"}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
