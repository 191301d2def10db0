-- Copyright 2026 The Juncture Authors.
-- SPDX-License-Identifier: Apache-2.0

-- The live state of one district. What can be derived from the record (seats,
-- tasks' states) is checked against it by Verify; what cannot (pending, marks)
-- carries a checksum a row, and a seal over all of them.

CREATE TABLE district (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL
) STRICT;

-- Runs begun and not yet committed.
CREATE TABLE pending (
  run      TEXT PRIMARY KEY,
  process  TEXT NOT NULL,
  revision TEXT NOT NULL,
  trigger  TEXT NOT NULL,
  at       TEXT NOT NULL, -- RFC 3339, UTC
  seed     BLOB NOT NULL,
  engine   TEXT NOT NULL,
  checksum BLOB NOT NULL
) STRICT;

-- Committed runs: the district's chain and the index of segments.
CREATE TABLE runs (
  sequence INTEGER PRIMARY KEY,
  run      TEXT NOT NULL UNIQUE,
  process  TEXT NOT NULL,
  mode     TEXT NOT NULL,
  part     TEXT NOT NULL, -- first half of its decisions' ids
  entry    TEXT NOT NULL, -- canonical JSON
  hash     BLOB NOT NULL
) STRICT;
CREATE INDEX runs_by_process ON runs (process, mode, sequence);
CREATE INDEX runs_by_part ON runs (part);

-- Places held (waiting = 0) and waiting lists of each process's newest run.
CREATE TABLE seats (
  process  TEXT NOT NULL,
  student  TEXT NOT NULL,
  decision TEXT NOT NULL,
  grp      TEXT NOT NULL,
  units    INTEGER NOT NULL,
  waiting  INTEGER NOT NULL,
  PRIMARY KEY (process, student)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
  id          TEXT PRIMARY KEY,
  run         TEXT NOT NULL REFERENCES runs (run),
  decision    TEXT NOT NULL,
  process     TEXT NOT NULL,
  role        TEXT NOT NULL,
  agent       TEXT NOT NULL,
  opened      TEXT NOT NULL,
  due         TEXT NOT NULL, -- empty for never
  otherwise   TEXT NOT NULL,
  escalate_to TEXT NOT NULL,
  state       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_by_process ON tasks (process, state);
CREATE INDEX tasks_by_run ON tasks (run);

-- Runs that wait to be reported outwards: one row each.
CREATE TABLE outbox (
  run TEXT PRIMARY KEY REFERENCES runs (run)
) STRICT, WITHOUT ROWID;

-- When each trigger last fired.
CREATE TABLE marks (
  process  TEXT NOT NULL,
  trigger  TEXT NOT NULL,
  fired    TEXT NOT NULL,
  checksum BLOB NOT NULL,
  PRIMARY KEY (process, trigger)
) STRICT, WITHOUT ROWID;

-- Canonical bundles that runs ran, by digest.
CREATE TABLE revisions (
  digest TEXT PRIMARY KEY,
  bundle BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One random key a student, in blocks of students in ascending order: a block
-- has those from its first on that are before the next block's first, and the
-- first block begins with the empty text. Destroying a key unlinks the student's
-- commitments.
CREATE TABLE student_keys (
  first    TEXT PRIMARY KEY,
  students BLOB NOT NULL,
  keys     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One digest over the checksums of a table's rows, so that a lost row shows.
CREATE TABLE seals (
  name   TEXT PRIMARY KEY,
  digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
