// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// forward connects to a port of a pod through the API server, as kubectl port-forward does: that works on every cluster,
// and leaves the caller's bearer token to the evaluator, which the API server's own proxy would take away.
func forward(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	url := clients.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	connection, _, err := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url).Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, fmt.Errorf("port-forward to pod %s/%s: %w", namespace, pod, err)
	}
	stream := func(kind string) (io.ReadWriteCloser, error) {
		return connection.CreateStream(http.Header{
			corev1.StreamType: {kind}, corev1.PortHeader: {strconv.Itoa(port)}, corev1.PortForwardRequestIDHeader: {"0"},
		})
	}
	failures, err := stream(corev1.StreamTypeError)
	if err == nil {
		_ = failures.Close() // nothing is written to it
		var data io.ReadWriteCloser
		if data, err = stream(corev1.StreamTypeData); err == nil {
			forwarded := &forwarded{data, connection}
			context.AfterFunc(ctx, func() { forwarded.connection.Close() })
			return forwarded, nil
		}
	}
	connection.Close()
	return nil, err
}

// forwarded is a stream as a network connection.
type forwarded struct {
	io.ReadWriteCloser
	connection io.Closer
}

func (f *forwarded) Close() error                   { return f.connection.Close() }
func (*forwarded) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*forwarded) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*forwarded) SetDeadline(time.Time) error      { return nil } // the request's context ends it
func (*forwarded) SetReadDeadline(time.Time) error  { return nil }
func (*forwarded) SetWriteDeadline(time.Time) error { return nil }
