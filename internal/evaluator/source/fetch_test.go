// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/juncture-dev/juncture/internal/assignment"
)

// server serves one roster, with an ETag, to those who know its password.
type server struct {
	*httptest.Server
	content, etag, password string
	served                  int
}

func newServer(t *testing.T) *server {
	s := &server{content: "first", etag: `"1"`, password: "old"}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != s.password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "https://elsewhere.invalid/roster.zip", http.StatusFound)
		case "/broken":
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("half"))
		case "/roster.zip":
			w.Header().Set("ETag", s.etag)
			if r.Header.Get("If-None-Match") == s.etag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			s.served++
			_, _ = w.Write([]byte(s.content))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// from is the source as the district declares it, with its Secret mounted.
func (s *server) from(t *testing.T, path string) assignment.Source {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "username"), "district")
	write(t, filepath.Join(dir, "password"), "old\n")
	write(t, filepath.Join(dir, "ca.crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	return assignment.Source{URL: s.URL + path, Credentials: dir, CABundle: filepath.Join(dir, "ca.crt")}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, f *Fetcher) string {
	t.Helper()
	path, err := f.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func wantReason(t *testing.T, f *Fetcher, want Reason) error {
	t.Helper()
	_, err := f.Look(t.Context())
	var got *Error
	if !errors.As(err, &got) || got.Reason != want {
		t.Fatalf("got error %v, want reason %s", err, want)
	}
	return err
}

func TestDownloadOnlyWhatChanged(t *testing.T) {
	s := newServer(t)
	f := New(s.from(t, "/roster.zip"), t.TempDir())
	if got := look(t, f) + look(t, f); got != "firstfirst" || s.served != 1 {
		t.Fatalf("got %q, served %d times, want it served once", got, s.served)
	}
	s.content, s.etag = "second", `"2"`
	if got := look(t, f); got != "second" {
		t.Fatalf("got %q after the roster changed", got)
	}
}

func TestRotatedCredentialsAreUsedAtTheNextLook(t *testing.T) {
	s := newServer(t)
	from := s.from(t, "/roster.zip")
	f := New(from, t.TempDir())
	look(t, f)
	s.password = "new"
	wantReason(t, f, Refused)
	write(t, filepath.Join(from.Credentials, "password"), "new")
	look(t, f)
}

func TestABrokenDownloadLeavesTheCopy(t *testing.T) {
	s := newServer(t)
	dir := t.TempDir()
	f := New(s.from(t, "/roster.zip"), dir)
	look(t, f)
	f.from.URL = s.URL + "/broken"
	wantReason(t, f, Unreachable)
	if content, _ := os.ReadFile(filepath.Join(dir, "roster.zip")); string(content) != "first" {
		t.Fatalf("the copy holds %q", content)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".roster-*")); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestWhyARosterCannotBeHad(t *testing.T) {
	s := newServer(t)
	for name, c := range map[string]struct {
		change func(*assignment.Source)
		want   Reason
	}{
		"no such path on the server":  {func(a *assignment.Source) { a.URL = s.URL + "/other" }, NotFound},
		"a redirect to another host":  {func(a *assignment.Source) { a.URL = s.URL + "/away" }, Unreachable},
		"plain http":                  {func(a *assignment.Source) { a.URL = strings.Replace(s.URL, "https", "http", 1) }, Invalid},
		"credentials in the URL":      {func(a *assignment.Source) { a.URL = strings.Replace(s.URL, "//", "//u:p@", 1) }, Invalid},
		"a certificate nobody trusts": {func(a *assignment.Source) { a.CABundle = "" }, Unreachable},
		"no CA bundle in the Secret":  {func(a *assignment.Source) { a.CABundle += "x" }, CredentialsNotFound},
		"an empty Secret":             {func(a *assignment.Source) { a.Credentials = t.TempDir() }, CredentialsNotFound},
		"no such file in the volume":  {func(a *assignment.Source) { *a = assignment.Source{Path: "/nowhere/export.zip"} }, NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			from := s.from(t, "/roster.zip?signature=secret")
			c.change(&from)
			err := wantReason(t, New(from, t.TempDir()), c.want)
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "u:p") {
				t.Errorf("the error discloses a credential: %v", err)
			}
		})
	}
}

func TestABearerTokenIsSent(t *testing.T) {
	var got string
	s := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Authorization") }))
	defer s.Close()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "token"), "abc\n")
	f := New(assignment.Source{URL: s.URL, Credentials: dir}, t.TempDir())
	f.client = s.Client()
	look(t, f)
	if got != "Bearer abc" {
		t.Fatalf("sent %q", got)
	}
}
