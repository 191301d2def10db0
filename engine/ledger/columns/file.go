// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package columns

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// magic is at both ends of a file.
const magic = "JNCTCOL1"

// Writer writes a file: chunks, then the footer.
type Writer struct {
	w      io.Writer
	footer []byte // of the chunks so far
	chunks uint64
	err    error
}

// NewWriter begins a file.
func NewWriter(w io.Writer) *Writer {
	out := &Writer{w: w}
	_, out.err = io.WriteString(w, magic)
	return out
}

// Append writes a chunk with its digest, which is what a reader's sum gives.
func (w *Writer) Append(chunk []byte, digest Digest) error {
	if w.err != nil {
		return w.err
	}
	w.footer = binary.AppendUvarint(w.footer, uint64(len(chunk)))
	w.footer = append(w.footer, digest[:]...)
	w.chunks++
	_, w.err = w.w.Write(chunk)
	return w.err
}

// Close writes the footer: a description of the file, and length and digest of
// each chunk. The file's seal is the SHA-256 of the footer.
func (w *Writer) Close(description []byte) (seal Digest, err error) {
	if w.err != nil {
		return seal, w.err
	}
	if len(description) > MaxValues {
		return seal, fmt.Errorf("a description of %d bytes, at most are %d", len(description), MaxValues)
	}
	footer := binary.AppendUvarint(nil, uint64(len(description)))
	footer = append(footer, description...)
	footer = binary.AppendUvarint(footer, w.chunks)
	footer = append(footer, w.footer...)
	if len(footer) > maxFooter {
		return seal, fmt.Errorf("a footer of %d bytes, at most are %d", len(footer), maxFooter)
	}
	seal = sha256.Sum256(footer)
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	_, w.err = w.w.Write(append(footer, magic...))
	return seal, w.err
}

// maxFooter bounds what a reader makes room for before it knows anything of a
// file.
const maxFooter = 1 << 28

// File is an open file whose footer was found to be the right one.
type File struct {
	// Description is what Close was given.
	Description []byte

	r      io.ReaderAt
	starts []int64 // of each chunk and, last, where they end
	sums   []Digest
}

// SealError says that a file is not the one that was asked for.
type SealError struct{ Got, Want Digest }

func (e *SealError) Error() string {
	return fmt.Sprintf("its seal is sha256-%x, recorded is sha256-%x", e.Got, e.Want)
}

// Open reads a file's footer, compares its digest with the file's seal, and
// then looks at what it says. A file that is shorter or longer than its footer
// says is refused.
func Open(r io.ReaderAt, size int64, seal Digest) (*File, error) {
	const ends = int64(len(magic) + 4 + len(magic))
	if size < ends {
		return nil, errors.New("it is too short")
	}
	tail := make([]byte, 4+len(magic))
	if err := readAt(r, tail, size-int64(len(tail))); err != nil {
		return nil, err
	}
	head := make([]byte, len(magic))
	if err := readAt(r, head, 0); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if string(head) != magic || string(tail[4:]) != magic || length > size-ends || length > maxFooter {
		return nil, errors.New("it is not a file of columns, or was cut off")
	}
	footer := make([]byte, length)
	if err := readAt(r, footer, size-int64(len(tail))-length); err != nil {
		return nil, err
	}
	if got := sha256.Sum256(footer); got != seal {
		return nil, &SealError{got, seal}
	}
	return parseFooter(r, footer, size-ends-length)
}

// parseFooter: the chunks lie one after another and take all the room there is.
func parseFooter(r io.ReaderAt, footer []byte, room int64) (*File, error) {
	d := NewDecoder(footer)
	f := &File{r: r, Description: d.Bytes(d.Count(1))}
	n := d.Count(1 + sha256.Size)
	at := int64(len(magic))
	f.starts, f.sums = make([]int64, 0, n+1), make([]Digest, 0, n)
	for range n {
		length := d.Uvarint()
		sum := d.Bytes(sha256.Size)
		if d.err != nil {
			return nil, fmt.Errorf("footer: %w", d.err)
		}
		if length > uint64(room) {
			return nil, errors.New("footer: a chunk is larger than the file")
		}
		f.starts, f.sums = append(f.starts, at), append(f.sums, Digest(sum))
		at += int64(length)
		room -= int64(length)
	}
	f.starts = append(f.starts, at)
	if err := d.End(); err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	if room != 0 {
		return nil, fmt.Errorf("%d bytes belong to no chunk", room)
	}
	return f, nil
}

func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Chunks is the number of chunks.
func (f *File) Chunks() int { return len(f.sums) }

// Size is a chunk's length in bytes.
func (f *File) Size(chunk int) int { return int(f.starts[chunk+1] - f.starts[chunk]) }

// Digest is a chunk's digest.
func (f *File) Digest(chunk int) Digest { return f.sums[chunk] }

// ChunkError says that a chunk is not the one that was written.
type ChunkError struct{ Chunk int }

func (e *ChunkError) Error() string { return fmt.Sprintf("chunk %d was altered", e.Chunk) }

// Read reads a chunk into buffer, which grows if need be, and compares its
// digest before it returns it. sum is the function that made the digest; nil is
// SHA-256.
func (f *File) Read(chunk int, buffer []byte, sum func([]byte) Digest) ([]byte, error) {
	if chunk < 0 || chunk >= len(f.sums) {
		return nil, fmt.Errorf("there is no chunk %d", chunk)
	}
	buffer = grow(buffer[:0], f.Size(chunk))
	if err := readAt(f.r, buffer, f.starts[chunk]); err != nil {
		return nil, err
	}
	if sum == nil {
		sum = func(b []byte) Digest { return sha256.Sum256(b) }
	}
	if sum(buffer) != f.sums[chunk] {
		return nil, &ChunkError{chunk}
	}
	return buffer, nil
}
