// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Image packs a static program into a container image without a container engine. The image holds the program, the
// certificate authorities that Go's own root store trusts, and an unprivileged user that it runs as. The same program
// gives the same bytes.
//
// It prints the image's reference, whose tag is taken from the image's digest: a changed program has another tag, so
// that workloads which name it roll. With -push the image goes to a registry too, with the credentials of the user's
// Docker configuration.
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is the user and group that the program runs as; distroless images call 65532 nonroot too.
const user = 65532

// epoch is the time of every file, so that the image depends on its contents only.
var epoch = time.Unix(0, 0).UTC()

func main() {
	log.SetFlags(0)
	program := flag.String("program", "", "path of the static program")
	repository := flag.String("repository", "", "name of the image without tag, for example juncture/manager")
	tag := flag.String("tag", "", "tag of the image; by default it is taken from the image's digest")
	archive := flag.String("archive", "", "path of the archive to write")
	push := flag.String("push", "", "registry to push to, for example registry.example.org/team")
	flag.Parse()
	reference, err := run(*program, *repository, *tag, *archive, *push)
	if err != nil {
		log.Fatal("image: ", err)
	}
	fmt.Println(reference)
}

// run writes the archive, pushes the image if push names a registry, and returns the image's reference.
func run(program, repository, tag, archive, push string) (string, error) {
	if program == "" || repository == "" || archive == "" {
		return "", errors.New("-program, -repository and -archive are needed")
	}
	image, err := build(program)
	if err != nil {
		return "", fmt.Errorf("packing %s: %w", program, err)
	}
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	if push != "" {
		repository = push + "/" + repository
	}
	if tag == "" {
		tag = digest.Hex[:12]
	}
	tagged, err := name.NewTag(repository + ":" + tag)
	if err != nil {
		return "", err
	}
	if err := tarball.WriteToFile(archive, tagged, image); err != nil {
		return "", fmt.Errorf("writing %s: %w", archive, err)
	}
	if push != "" {
		if err := remote.Write(tagged, image, remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return "", fmt.Errorf("pushing %s: %w", tagged, err)
		}
	}
	return repository + ":" + tag, nil
}

func build(program string) (v1.Image, error) {
	contents, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	entry := "/" + filepath.Base(program)
	base, err := layer(
		file{path: "etc/passwd", mode: 0o644, data: fmt.Appendf(nil, "nonroot:x:%d:%[1]d:nonroot:/home/nonroot:/sbin/nologin\n", user)},
		file{path: "etc/group", mode: 0o644, data: fmt.Appendf(nil, "nonroot:x:%d:\n", user)},
		file{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: certificates()},
		file{path: "home/nonroot/", mode: 0o700, owner: user},
		file{path: "tmp/", mode: 0o1777},
	)
	if err != nil {
		return nil, err
	}
	own, err := layer(file{path: path.Base(entry), mode: 0o755, data: contents})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, base, own)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", runtime.GOARCH, v1.Time{Time: epoch}
	for i := range config.History {
		config.History[i].Created = v1.Time{Time: epoch}
	}
	config.Config = v1.Config{
		Entrypoint: []string{entry},
		User:       fmt.Sprintf("%d:%[1]d", user),
		WorkingDir: "/home/nonroot",
	}
	return mutate.ConfigFile(image, config)
}

// certificates is the root store in PEM. Roots that are trusted under further constraints are left out: a list in
// PEM cannot carry the constraints.
func certificates() []byte {
	var roots [][]byte
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			roots = append(roots, root.Certificate)
		}
	}
	slices.SortFunc(roots, bytes.Compare)
	var out bytes.Buffer
	for _, root := range roots {
		// A bytes.Buffer does not fail.
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root})
	}
	return out.Bytes()
}

// file is one entry of a layer; a folder if its path ends in a slash.
type file struct {
	path  string
	mode  int64
	owner int
	data  []byte
}

// layer packs files, and the folders that they are in, in the order of their paths.
func layer(files ...file) (v1.Layer, error) {
	entries := map[string]file{}
	for _, f := range files {
		entries[f.path] = f
		for dir := path.Dir(path.Clean(f.path)); dir != "."; dir = path.Dir(dir) {
			if _, found := entries[dir+"/"]; !found {
				entries[dir+"/"] = file{path: dir + "/", mode: 0o755}
			}
		}
	}
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, f := range slices.SortedFunc(maps.Values(entries), func(a, b file) int { return cmp.Compare(a.path, b.path) }) {
		header := &tar.Header{Name: f.path, Mode: f.mode, Uid: f.owner, Gid: f.owner, Size: int64(len(f.data)), ModTime: epoch}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil })
}
