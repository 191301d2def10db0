// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// program writes a stand-in for a static program.
func program(t *testing.T, contents string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "manager")
	if err := os.WriteFile(path, []byte(contents), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func pack(t *testing.T, program string) (reference string, archive []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	reference, err := run(program, "juncture/manager", "", path, "")
	if err != nil {
		t.Fatal(err)
	}
	archive, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return reference, archive
}

func TestSameProgramSameBytes(t *testing.T) {
	reference, archive := pack(t, program(t, "one"))
	again, archiveAgain := pack(t, program(t, "one"))
	if reference != again || !bytes.Equal(archive, archiveAgain) {
		t.Errorf("the same program gave %s, then %s; archives equal: %t", reference, again, bytes.Equal(archive, archiveAgain))
	}
	if changed, _ := pack(t, program(t, "two")); changed == reference {
		t.Errorf("a changed program has the tag of the old one: %s", changed)
	}
}

func TestImageRunsAsNonRootWithCertificates(t *testing.T) {
	image, err := build(program(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := config.Config.User, "65532:65532"; got != want {
		t.Errorf("user: got %s, want %s", got, want)
	}
	if got, want := strings.Join(config.Config.Entrypoint, " "), "/manager"; got != want {
		t.Errorf("entrypoint: got %s, want %s", got, want)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, layer := range layers {
		contents, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for reader := tar.NewReader(contents); ; {
			header, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if files[header.Name], err = io.ReadAll(reader); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := string(files["manager"]); got != "one" {
		t.Errorf("/manager: got %q", got)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(files["etc/ssl/certs/ca-certificates.crt"]) {
		t.Error("no certificate authorities in the image")
	}
}

func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	archive := filepath.Join(t.TempDir(), "image.tar")
	pushed, err := run(program(t, "one"), "juncture/manager", "", archive, strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	reference, err := name.ParseReference(pushed)
	if err != nil {
		t.Fatal(err)
	}
	remoteImage, err := remote.Image(reference)
	if err != nil {
		t.Fatalf("pulling %s: %v", pushed, err)
	}
	tag, err := name.NewTag(pushed)
	if err != nil {
		t.Fatal(err)
	}
	local, err := tarball.ImageFromPath(archive, &tag)
	if err != nil {
		t.Fatal(err)
	}
	want, err := local.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := remoteImage.ConfigName(); err != nil || got != want {
		t.Errorf("the registry has image %s (%v), the archive %s", got, err, want)
	}
}

func TestArgumentsAreNeeded(t *testing.T) {
	if _, err := run("", "juncture/manager", "", "image.tar", ""); err == nil {
		t.Error("no error without a program")
	}
	if _, err := run("/does/not/exist", "juncture/manager", "", "image.tar", ""); err == nil {
		t.Error("no error for a program that is not there")
	}
}
