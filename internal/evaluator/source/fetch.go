// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package source brings a district's roster to where the evaluator can read it:
// a path in a mounted volume as it is, an https URL by way of a local copy.
package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/juncture-dev/juncture/internal/assignment"
)

// Reason is why a roster could not be had: a closed list, the same as the
// reasons of the District's condition SourceRead.
type Reason string

// Reasons.
const (
	NotFound            Reason = "SourceNotFound"
	Refused             Reason = "SourceRefused"
	Unreachable         Reason = "SourceUnreachable"
	Invalid             Reason = "SourceInvalid"
	CredentialsNotFound Reason = "CredentialsNotFound"
)

// Error says why a roster could not be had. It holds no student data.
type Error struct {
	Reason Reason
	Err    error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// MaxDownload bounds a roster's size on the wire.
const MaxDownload = 4 << 30

// timeout bounds one download. Rosters of large districts are a few hundred
// megabytes.
const timeout = 15 * time.Minute

// Fetcher gets one district's roster. It is not safe for concurrent use: one
// worker looks after a district.
type Fetcher struct {
	from   assignment.Source
	copy   string // where the download is kept between looks
	etag   string
	client *http.Client // for tests; nil: built from the source's CA bundle at each look
}

// New looks after a source. Downloads are kept in dir, which must exist.
func New(from assignment.Source, dir string) *Fetcher {
	return &Fetcher{from: from, copy: filepath.Join(dir, "roster.zip")}
}

// Look makes the present roster readable at the path it returns. Errors are
// *Error, or the context's.
func (f *Fetcher) Look(ctx context.Context) (string, error) {
	if f.from.URL != "" {
		return f.copy, f.download(ctx)
	}
	_, err := os.Stat(f.from.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &Error{NotFound, fmt.Errorf("%s: there is no such file or folder in the volume; put the export there or correct spec.source of the district", f.from.Path)}
	case err != nil:
		return "", &Error{Refused, fmt.Errorf("%s cannot be read: %w; check the volume's permissions for user 65532", f.from.Path, err)}
	}
	return f.from.Path, nil
}

// download brings the copy up to date. The copy is replaced as a whole or not
// at all.
func (f *Fetcher) download(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errors.New("download took longer than "+timeout.String()))
	defer cancel()
	request, err := f.request(ctx)
	if err != nil {
		return err
	}
	client, err := f.httpClient()
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return &Error{Unreachable, fmt.Errorf("%s: %w", f.name(), withoutURL(err))}
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		return nil
	case http.StatusNotFound, http.StatusGone:
		return &Error{NotFound, fmt.Errorf("%s: the server answered %s", f.name(), response.Status)}
	case http.StatusUnauthorized, http.StatusForbidden:
		return &Error{Refused, fmt.Errorf("%s: the server answered %s; check the Secret that spec.source names", f.name(), response.Status)}
	default:
		return &Error{Unreachable, fmt.Errorf("%s: the server answered %s", f.name(), response.Status)}
	}
	if err := f.replace(response.Body); err != nil {
		return err
	}
	f.etag = response.Header.Get("ETag")
	return nil
}

func (f *Fetcher) request(ctx context.Context) (*http.Request, error) {
	at, err := url.Parse(f.from.URL)
	if err != nil || at.Scheme != "https" || at.Host == "" || at.User != nil {
		return nil, &Error{Invalid, errors.New("spec.source: the URL must be https, with a host and without credentials in it")}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, &Error{Invalid, err}
	}
	request.Header.Set("Accept", "application/zip, application/octet-stream")
	if _, err := os.Stat(f.copy); err == nil && f.etag != "" {
		request.Header.Set("If-None-Match", f.etag)
	}
	return request, f.authorize(request)
}

// authorize reads the mounted Secret at every look, so that a rotated
// credential is used at once.
func (f *Fetcher) authorize(request *http.Request) error {
	if f.from.Credentials == "" {
		return nil
	}
	if token, err := f.secret("token"); err == nil {
		request.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	user, errUser := f.secret("username")
	password, errPassword := f.secret("password")
	if err := errors.Join(errUser, errPassword); err != nil {
		return &Error{CredentialsNotFound, errors.New("the Secret that spec.source names must have the key token, or the keys username and password")}
	}
	request.SetBasicAuth(user, password)
	return nil
}

func (f *Fetcher) secret(key string) (string, error) {
	b, err := os.ReadFile(filepath.Join(f.from.Credentials, key))
	return strings.TrimRight(string(b), "\r\n"), err
}

func (f *Fetcher) httpClient() (*http.Client, error) {
	if f.client != nil {
		return f.client, nil
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // looks are minutes apart
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if f.from.CABundle != "" {
		pem, err := os.ReadFile(f.from.CABundle)
		if err != nil {
			return nil, &Error{CredentialsNotFound, errors.New("the Secret with the CA bundle that spec.source names does not have the key ca.crt")}
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, &Error{CredentialsNotFound, errors.New("the CA bundle that spec.source names holds no PEM certificate")}
		}
		transport.TLSClientConfig.RootCAs = roots
	}
	return &http.Client{Transport: transport, CheckRedirect: sameHost}, nil
}

// sameHost keeps credentials from following a redirect to somebody else.
func sameHost(request *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("more than 3 redirects")
	}
	if request.URL.Scheme != "https" || request.URL.Host != via[0].URL.Host {
		return errors.New("refused a redirect to another host; name the final URL in spec.source")
	}
	return nil
}

func (f *Fetcher) replace(body io.Reader) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(f.copy), ".roster-*")
	if err != nil {
		return &Error{Unreachable, fmt.Errorf("no room for the roster's copy: %w", err)}
	}
	defer func() {
		if err != nil {
			_ = temporary.Close()
			_ = os.Remove(temporary.Name())
		}
	}()
	n, err := io.Copy(temporary, io.LimitReader(body, MaxDownload+1))
	if err != nil {
		return &Error{Unreachable, fmt.Errorf("%s: the download broke off: %w", f.name(), withoutURL(err))}
	}
	if n > MaxDownload {
		return &Error{Invalid, fmt.Errorf("%s: more than %d bytes; split the export or serve it from a volume", f.name(), int64(MaxDownload))}
	}
	if err := temporary.Close(); err != nil {
		return &Error{Unreachable, err}
	}
	if err := os.Rename(temporary.Name(), f.copy); err != nil {
		return &Error{Unreachable, err}
	}
	return nil
}

// name is the URL without its query, which may hold a signature.
func (f *Fetcher) name() string {
	at, err := url.Parse(f.from.URL)
	if err != nil {
		return "the source"
	}
	return at.Scheme + "://" + at.Host + at.Path
}

// withoutURL takes the URL, whose query may hold a signature, out of an error of
// net/http.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
