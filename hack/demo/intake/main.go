// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Intake moves files into and out of a volume of the cluster, whatever kind of storage it is on: the demo runs it in a pod
// that mounts the volume, and speaks to it through kubectl exec. Without arguments it waits to be stopped; "intake receive
// DIR" writes the files of a tar stream on standard input into the folder, and "intake send DIR" writes the folder's as one
// to standard output.
package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path"
	"syscall"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Args[1:]); err != nil {
		log.Fatal("intake: ", err)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 0:
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		<-ctx.Done()
		return nil
	case len(args) == 2 && args[0] == "receive":
		return receive(os.Stdin, args[1])
	case len(args) == 2 && args[0] == "send":
		archive := tar.NewWriter(os.Stdout)
		return errors.Join(archive.AddFS(os.DirFS(args[1])), archive.Close())
	default:
		return errors.New("usage: intake [receive DIR | send DIR]")
	}
}

// receive writes the regular files of a tar stream below the folder, and nowhere else. A file that is there already is
// replaced as a whole: who reads it sees the old one or the new one.
func receive(stream io.Reader, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	archive := tar.NewReader(stream)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := write(root, path.Clean(header.Name), archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func write(root *os.Root, name string, contents io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	part := name + ".part"
	file, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, contents)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, root.Remove(part))
	}
	return root.Rename(part, name)
}
