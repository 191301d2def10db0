// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"encoding/json"

	"github.com/juncture-dev/juncture/api/v1alpha1"
)

// texts is a list of one string type as a list of strings.
func texts[T ~string](list []T) []string {
	if len(list) == 0 {
		return nil
	}
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// textMap is a map to one string type as a map to strings.
func textMap[T ~string](m map[string]T) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = string(v)
	}
	return out
}

// rawMap is free-form values as the engine reads them.
func rawMap(m map[string]v1alpha1.Value) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(m))
	for k, v := range m {
		out[k] = json.RawMessage(v.Raw)
	}
	return out
}
