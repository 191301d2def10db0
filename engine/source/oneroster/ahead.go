// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package oneroster

import (
	"hash"
	"io"
)

// Files of this size and more are unpacked ahead of the reader.
const aheadFrom = 4 << 20

const (
	aheadBlock  = 128 << 10
	aheadBlocks = 4
)

// ahead reads a file, which unpacks it, and hashes it while another goroutine
// reads the rows of what came before. At most aheadBlocks blocks are unpacked that
// nobody has asked for yet.
type ahead struct {
	in   io.ReadCloser
	hash hash.Hash // complete once Read has told of the end

	full    chan block
	empty   chan []byte
	stop    chan struct{}
	stopped chan struct{}

	current block // what Read has not given yet
	whole   []byte
}

// block is a piece of the file, and what came after it: nil, the end or an error.
type block struct {
	bytes []byte
	err   error
}

func newAhead(in io.ReadCloser, hash hash.Hash) *ahead {
	a := &ahead{
		in: in, hash: hash, full: make(chan block, aheadBlocks), empty: make(chan []byte, aheadBlocks),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	for range aheadBlocks {
		a.empty <- make([]byte, aheadBlock)
	}
	go a.run()
	return a
}

func (a *ahead) run() {
	defer close(a.stopped)
	for {
		var b block
		select {
		case b.bytes = <-a.empty:
		case <-a.stop:
			return
		}
		n := 0
		for n < len(b.bytes) && b.err == nil {
			var more int
			more, b.err = a.in.Read(b.bytes[n:])
			n += more
		}
		b.bytes = b.bytes[:n]
		a.hash.Write(b.bytes)
		a.full <- b // never waits: there are no more blocks than places
		if b.err != nil {
			return
		}
	}
}

// Read gives what has been unpacked.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.current.bytes) == 0 {
		if a.current.err != nil {
			return 0, a.current.err
		}
		if a.whole != nil {
			a.empty <- a.whole[:cap(a.whole)]
		}
		a.current = <-a.full
		a.whole = a.current.bytes
	}
	n := copy(p, a.current.bytes)
	a.current.bytes = a.current.bytes[n:]
	return n, nil
}

// Close ends the unpacking, wherever it is.
func (a *ahead) Close() error {
	close(a.stop)
	<-a.stopped
	return a.in.Close()
}
