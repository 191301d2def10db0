// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const listSeparator = ";"

// Text is the one spelling of a value in text formats.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return v
	case time.Time:
		return v.Format(time.DateOnly)
	case []int64:
		return joined(v)
	case []float64:
		return joined(v)
	case []string:
		return joined(v)
	case []time.Time:
		return joined(v)
	}
	return fmt.Sprint(v)
}

func joined[T any](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = Text(v)
	}
	return strings.Join(parts, listSeparator)
}
