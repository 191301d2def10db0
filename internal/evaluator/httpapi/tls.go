// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"crypto/tls"
	"errors"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/util/cert"
)

// TLS serves with a certificate that may change.
func TLS(certificate func() (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate() },
	}
}

// Certificate is the one in these PEM files, read again when they change. With
// no files it is made in memory, signed by itself, and anew before it expires.
func Certificate(certFile, keyFile string, now func() time.Time) (func() (*tls.Certificate, error), error) {
	var current func() (*tls.Certificate, error)
	switch {
	case certFile != "" && keyFile != "":
		current = (&fileCertificate{certFile: certFile, keyFile: keyFile}).get
	case certFile == "" && keyFile == "":
		current = (&ownCertificate{now: now}).get
	default:
		return nil, errors.New("give both --tls-cert-file and --tls-key-file, or neither")
	}
	_, err := current()
	return current, err
}

type fileCertificate struct {
	certFile, keyFile string

	mu       sync.Mutex
	modified time.Time
	loaded   *tls.Certificate
}

// get reads the files if the certificate's changed. While they do not fit one
// another, as in the middle of a change, the one before goes on.
func (f *fileCertificate) get() (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.certFile)
	if err == nil && (f.loaded == nil || !info.ModTime().Equal(f.modified)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(f.certFile, f.keyFile); err == nil {
			f.loaded, f.modified = &pair, info.ModTime()
		}
	}
	if f.loaded != nil {
		return f.loaded, nil
	}
	return nil, err
}

type ownCertificate struct {
	now func() time.Time

	mu    sync.Mutex
	made  *tls.Certificate
	until time.Time
}

// renewBefore is how long before its end an own certificate is replaced.
const renewBefore = 30 * 24 * time.Hour

func (o *ownCertificate) get() (*tls.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.made != nil && o.now().Before(o.until) {
		return o.made, nil
	}
	certPEM, keyPEM, err := cert.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, err
	}
	o.made, o.until = &pair, pair.Leaf.NotAfter.Add(-renewBefore)
	return o.made, nil
}
