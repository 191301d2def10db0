// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package postgres runs the reference table in a PostgreSQL server that it
// starts for itself, if the server's programs are installed.
package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

//go:embed reference.sql
var decide string

// Written writes every decision to a table of the database.
var Written = peer.Kind{
	Name: "PostgreSQL", Table: reference.Reference.Name, Form: "CASE WHEN, the result written to an unlogged table, one worker", Least: 200_000,
	Open: func(w *peer.Work) (peer.Engine, error) { return open(w, true) },
}

// Summed only adds the priorities up, as a report would.
var Summed = peer.Kind{
	Name: "PostgreSQL, aggregate only", Table: reference.Reference.Name, Form: "CASE WHEN, rules and priorities only summed up, one worker", Least: 200_000,
	Open: func(w *peer.Work) (peer.Engine, error) { return open(w, false) },
}

type engine struct {
	server     *server
	connection *pgx.Conn
	backend    int // the process that works for the connection
	written    bool
	from, to   int
}

func open(w *peer.Work, written bool) (_ peer.Engine, err error) {
	e := &engine{written: written}
	if e.server, err = start(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	ctx := context.Background()
	if e.connection, err = pgx.Connect(ctx, "host="+e.server.folder+" user=bench dbname=postgres"); err != nil {
		return nil, err
	}
	e.backend = int(e.connection.PgConn().PID())
	for _, statement := range []string{"SET max_parallel_workers_per_gather = 0", "SET jit = off", table, "CREATE UNLOGGED TABLE decisions (i bigint, rule smallint, priority float8)"} {
		if _, err := e.connection.Exec(ctx, statement); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return e, e.fill(ctx, w)
}

var columns, table = func() ([]string, string) {
	declared := []string{
		"i bigint", "grade bigint", "district text", "homelanguage text",
		"reading float8", "math float8", "science float8", "growth float8", "risk float8", "attendance float8", "priorhours float8",
		"dayssince bigint", "ell boolean", "iep boolean", "consent boolean", "recent float8[]", "interests text[]",
	}
	for _, skill := range reference.Skills {
		declared = append(declared, "m_"+skill+" float8")
	}
	names := make([]string, len(declared))
	for i, d := range declared {
		names[i], _, _ = strings.Cut(d, " ")
	}
	return names, "CREATE UNLOGGED TABLE students (" + strings.Join(declared, ", ") + ")"
}()

func (e *engine) fill(ctx context.Context, w *peer.Work) error {
	const step = 10_000
	for from := 0; from < w.Len(); from += step {
		rows := w.Rows(from, min(from+step, w.Len()))
		source := pgx.CopyFromSlice(len(rows), func(j int) ([]any, error) {
			s := &rows[j]
			values := []any{
				int64(from + j), s.Grade, s.District, s.HomeLanguage, s.Reading, s.Math, s.Science, s.Growth, s.Risk, s.Attendance, s.PriorHours,
				s.DaysSince, s.ELL, s.IEP, s.Consent, s.Recent, s.Interests,
			}
			for _, skill := range reference.Skills {
				values = append(values, s.Mastery[skill])
			}
			return values, nil
		})
		if _, err := e.connection.CopyFrom(ctx, pgx.Identifier{"students"}, columns, source); err != nil {
			return err
		}
	}
	for _, statement := range []string{"CREATE UNIQUE INDEX ON students (i)", "VACUUM ANALYZE students"} {
		if _, err := e.connection.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) Prepare(from, to int) error {
	e.from, e.to = from, to
	if !e.written {
		return nil
	}
	_, err := e.connection.Exec(context.Background(), "TRUNCATE decisions")
	return err
}

func (e *engine) query() string { return fmt.Sprintf(decide, e.from, e.to) }

func (e *engine) Decide() error {
	if e.written {
		_, err := e.connection.Exec(context.Background(), "INSERT INTO decisions "+e.query())
		return err
	}
	var rules, priorities float64
	return e.connection.QueryRow(context.Background(), "SELECT sum(rule)::float8, sum(priority) FROM ("+e.query()+") d").Scan(&rules, &priorities)
}

func (e *engine) Decisions() (d peer.Decisions, err error) {
	source := "decisions"
	if !e.written {
		source = "(" + e.query() + ") d"
	}
	rows, err := e.connection.Query(context.Background(), "SELECT rule::int8, priority FROM "+source+" ORDER BY i")
	if err != nil {
		return d, err
	}
	var rule int64
	var priority float64
	_, err = pgx.ForEachRow(rows, []any{&rule, &priority}, func() error {
		d.Rule, d.Priority = append(d.Rule, uint16(rule)), append(d.Priority, priority)
		return nil
	})
	return d, err
}

// CPU is the processor time of the process that serves the connection.
func (e *engine) CPU() (int64, error) { return peer.CPU(e.backend) }

func (e *engine) Close() error {
	if e.connection != nil {
		e.connection.Close(context.Background())
	}
	return e.server.stop()
}

// Version is the server's.
func (e *engine) Version() string { return e.connection.PgConn().ParameterStatus("server_version") }
