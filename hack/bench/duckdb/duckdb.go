// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package duckdb runs the reference table in DuckDB, in memory and on one
// thread.
package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/juncture-dev/juncture/hack/bench/peer"
	"github.com/juncture-dev/juncture/hack/bench/reference"
)

//go:embed reference.sql
var decide string

const module = "github.com/duckdb/duckdb-go/v2"

// Written writes every decision to a table of the database.
var Written = peer.Kind{
	Name: "DuckDB", Module: module, Table: reference.Reference.Name, Form: "CASE WHEN over columns, the result written to a table", Least: 200_000,
	Open: func(w *peer.Work) (peer.Engine, error) { return open(w, true) },
}

// Summed only adds the priorities up, as a report would.
var Summed = peer.Kind{
	Name: "DuckDB, aggregate only", Module: module, Table: reference.Reference.Name, Form: "CASE WHEN over columns, rules and priorities only summed up", Least: 200_000,
	Open: func(w *peer.Work) (peer.Engine, error) { return open(w, false) },
}

type engine struct {
	db      *sql.DB
	written bool
	from    int
	to      int
}

func open(w *peer.Work, written bool) (peer.Engine, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	e := &engine{db: sql.OpenDB(connector), written: written}
	e.db.SetMaxOpenConns(1)
	for _, statement := range []string{"SET threads = 1", table} {
		if _, err := e.db.Exec(statement); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return e, e.fill(w)
}

var table = func() string {
	columns := []string{
		"i BIGINT", "grade BIGINT", "district VARCHAR", "homeLanguage VARCHAR",
		"reading DOUBLE", "math DOUBLE", "science DOUBLE", "growth DOUBLE", "risk DOUBLE", "attendance DOUBLE", "priorHours DOUBLE",
		"daysSince BIGINT", "ell BOOLEAN", "iep BOOLEAN", "consent BOOLEAN", "recent DOUBLE[]", "interests VARCHAR[]",
	}
	for _, skill := range reference.Skills {
		columns = append(columns, "m_"+skill+" DOUBLE")
	}
	return "CREATE TABLE students (" + strings.Join(columns, ", ") + ")"
}()

func (e *engine) fill(w *peer.Work) error {
	connection, err := e.db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer connection.Close()
	return connection.Raw(func(c any) error {
		appender, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", "students")
		if err != nil {
			return err
		}
		const step = 10_000
		for from := 0; from < w.Len(); from += step {
			rows := w.Rows(from, min(from+step, w.Len()))
			for j := range rows {
				s := &rows[j]
				values := []driver.Value{
					int64(from + j), s.Grade, s.District, s.HomeLanguage, s.Reading, s.Math, s.Science, s.Growth, s.Risk, s.Attendance, s.PriorHours,
					s.DaysSince, s.ELL, s.IEP, s.Consent, s.Recent, s.Interests,
				}
				for _, skill := range reference.Skills {
					values = append(values, s.Mastery[skill])
				}
				if err := appender.AppendRow(values...); err != nil {
					return err
				}
			}
		}
		return appender.Close()
	})
}

func (e *engine) Prepare(from, to int) error {
	e.from, e.to = from, to
	return nil
}

func (e *engine) Decide() error {
	query := fmt.Sprintf(decide, e.from, e.to)
	if e.written {
		_, err := e.db.Exec("CREATE OR REPLACE TABLE decisions AS " + query)
		return err
	}
	var rules, priorities float64
	return e.db.QueryRow("SELECT sum(rule), sum(priority) FROM ("+query+")").Scan(&rules, &priorities)
}

func (e *engine) Decisions() (peer.Decisions, error) {
	source := "decisions"
	if !e.written {
		source = "(" + fmt.Sprintf(decide, e.from, e.to) + ")"
	}
	rows, err := e.db.Query("SELECT rule, priority FROM " + source + " ORDER BY i")
	if err != nil {
		return peer.Decisions{}, err
	}
	return peer.Read(rows)
}

func (e *engine) Close() error { return e.db.Close() }

// Version is the library's.
func (e *engine) Version() string {
	var version string
	if err := e.db.QueryRow("SELECT version()").Scan(&version); err != nil {
		return err.Error()
	}
	return version
}
