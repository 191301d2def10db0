// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/juncture-dev/juncture/hack/bench/peer"
)

// server is a PostgreSQL server with a database of its own in a temporary
// folder, reached through a socket there.
type server struct {
	folder  string
	command *exec.Cmd
}

// start starts a server. It is Unavailable if its programs are not installed.
func start() (_ *server, err error) {
	initdb, postgres, err := programs()
	if err != nil {
		return nil, &peer.Unavailable{Engine: "PostgreSQL", Why: err.Error()}
	}
	identity, owner, err := unprivileged()
	if err != nil {
		return nil, &peer.Unavailable{Engine: "PostgreSQL", Why: err.Error()}
	}
	s := &server{}
	if s.folder, err = os.MkdirTemp("", "postgres"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.folder)
		}
	}()
	if identity != nil {
		if err := os.Chown(s.folder, int(identity.Uid), int(identity.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(s.folder, "data")
	run := func(program string, arguments ...string) *exec.Cmd {
		c := exec.Command(program, arguments...) //nolint:gosec // the programs that programs() found
		c.Dir, c.Env = s.folder, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + s.folder, "USER=" + owner}
		c.SysProcAttr = &syscall.SysProcAttr{Credential: identity, Pdeathsig: syscall.SIGINT}
		return c
	}
	if out, err := run(initdb, "-D", data, "-U", "bench", "--auth=trust", "--no-sync", "--encoding=UTF8").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.command = run(postgres, "-D", data, "-k", s.folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off",
		"-c", "shared_buffers=1GB", "-c", "max_wal_size=4GB", "-c", "autovacuum=off", "-c", "log_min_messages=fatal")
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	return s, s.await()
}

// await waits until the server listens.
func (s *server) await() error {
	socket := filepath.Join(s.folder, ".s.PGSQL.5432")
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			time.Sleep(200 * time.Millisecond) // it listens a moment before it accepts
			return nil
		}
	}
	_ = s.stop()
	return fmt.Errorf("the server did not listen within 30 s")
}

func (s *server) stop() error {
	defer os.RemoveAll(s.folder)
	_ = s.command.Process.Signal(syscall.SIGINT) // PostgreSQL's fast shutdown
	return s.command.Wait()
}

// programs finds the newest installed server: Debian keeps it off the PATH.
func programs() (initdb, postgres string, err error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", "", fmt.Errorf("initdb is not installed (Debian: apt-get install postgresql)")
	}
	initdb = slices.Max(found)
	postgres = filepath.Join(filepath.Dir(initdb), "postgres")
	if _, err := os.Stat(postgres); err != nil {
		return "", "", fmt.Errorf("%s is not installed", postgres)
	}
	return initdb, postgres, nil
}

// unprivileged is whom to run the server as: PostgreSQL refuses to be root.
func unprivileged() (*syscall.Credential, string, error) {
	if os.Getuid() != 0 {
		return nil, os.Getenv("USER"), nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, name, nil
	}
	return nil, "", fmt.Errorf("root may not run it, and there is no user postgres or nobody")
}
