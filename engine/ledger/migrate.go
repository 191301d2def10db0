// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !js

package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sync"
)

//go:embed migrations/*.sql
var migrations embed.FS

// oldest is the oldest schema that is still read. Schema 1 kept records in other
// files; it was never in use outside of development.
const oldest = 2

// newest is the schema that this version writes.
func newest(names []string) int { return oldest + len(names) - 1 }

// migrate brings a database to the newest schema, one transaction a step.
// Migrations only go forward.
func migrate(db *sql.DB, district string) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	version, err := schemaVersion(db)
	if err != nil {
		return err
	}
	if version > 0 && version < oldest {
		return errOlder(version)
	}
	for next := max(version+1, oldest); next <= newest(names); next++ {
		name := names[next-oldest]
		statements, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if err := step(db, string(statements), next, district); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return checkVersion(db, district)
}

func step(db *sql.DB, statements string, version int, district string) error {
	return inTx(context.Background(), db, func(tx *sql.Tx) error {
		if _, err := tx.Exec(statements); err != nil {
			return err
		}
		if _, err := tx.Exec(`CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT`); err != nil {
			return err
		}
		if version == oldest {
			if _, err := tx.Exec(`INSERT INTO district (id, name) VALUES (1, ?)`, district); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO schema (id, version) VALUES (1, ?) ON CONFLICT DO UPDATE SET version = excluded.version`, version)
		return err
	})
}

// schemaVersion is 0 for a new database.
func schemaVersion(db *sql.DB) (int, error) {
	var tables int
	if err := db.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema'`).Scan(&tables); err != nil || tables == 0 {
		return 0, err
	}
	var version int
	err := db.QueryRow(`SELECT version FROM schema`).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errors.New("table schema is empty: the database is damaged; restore it from a backup")
	}
	return version, err
}

func errOlder(version int) error {
	return fmt.Errorf("schema %d is of an early version whose record is no longer read: read it with the version of Juncture that wrote it, and begin a new store", version)
}

// checkVersion refuses a database of another schema or another district.
func checkVersion(db *sql.DB, district string) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	version, err := schemaVersion(db)
	if err != nil {
		return err
	}
	switch {
	case version > newest(names):
		return fmt.Errorf("%w: schema %d, known here up to %d; use the version of Juncture that wrote it", ErrNewer, version, newest(names))
	case version < oldest:
		return errOlder(version)
	case version < newest(names):
		return fmt.Errorf("schema %d is older than %d: open the store for writing once to migrate it", version, newest(names))
	}
	var name string
	if err := db.QueryRow(`SELECT name FROM district`).Scan(&name); err != nil {
		return fmt.Errorf("table district: %w", err)
	}
	if name != district {
		return fmt.Errorf("the database is of district %q: a district's folder must not be renamed", name)
	}
	return nil
}

func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// objects selects what a database is made of, by kind and name.
const objects = `SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema ORDER BY 1`

func scanObject(scan func(...any) error) ([2]string, error) {
	var o [2]string
	err := scan(&o[0], &o[1])
	return o, err
}

// freshSchema is what a database of the newest schema is made of.
func freshSchema() (map[string]string, error) {
	fresh, err := makeSchema()
	return maps.Clone(fresh), err
}

// makeSchema makes one to look at, once a process.
var makeSchema = sync.OnceValues(func() (_ map[string]string, err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // a second connection would be a second database
	if err := migrate(db, "any"); err != nil {
		return nil, err
	}
	found, err := selectRows(context.Background(), db, scanObject, objects)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, o := range found {
		out[o[0]] = o[1]
	}
	return out, nil
})
