// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package csv

import (
	"bytes"
	"errors"
	"io"
)

// ErrUTF16 means that a text is written in UTF-16.
var ErrUTF16 = errors.New("written in UTF-16")

// SkipMark skips the byte order mark that spreadsheets write before UTF-8. It
// refuses that of UTF-16 with ErrUTF16.
func SkipMark(in io.Reader) (io.Reader, error) {
	first := make([]byte, 3)
	n, err := io.ReadFull(in, first)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	first = first[:n]
	switch {
	case string(first) == "\xef\xbb\xbf":
		return in, nil
	case bytes.HasPrefix(first, []byte("\xff\xfe")), bytes.HasPrefix(first, []byte("\xfe\xff")):
		return nil, ErrUTF16
	}
	return io.MultiReader(bytes.NewReader(first), in), nil
}
