// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package peer

import "database/sql"

// Read reads decisions as rows of rule and priority.
func Read(rows *sql.Rows) (Decisions, error) {
	defer rows.Close()
	var d Decisions
	for rows.Next() {
		var rule uint16
		var priority float64
		if err := rows.Scan(&rule, &priority); err != nil {
			return d, err
		}
		d.Rule, d.Priority = append(d.Rule, rule), append(d.Priority, priority)
	}
	return d, rows.Err()
}
