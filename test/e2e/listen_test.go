// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/juncture-dev/juncture/internal/names"
)

// listener follows the logs of all evaluators: a pod that is replaced takes its log with it.
type listener struct {
	mu   sync.Mutex
	logs map[string]*log // by container id
}

// log is what one container wrote so far.
type log struct {
	where string
	mu    sync.Mutex
	text  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

var listening = &listener{logs: map[string]*log{}}

// start follows the evaluators that run, and those to come, until the suite ends.
func (l *listener) start() {
	until, stop := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() {
		for until.Err() == nil {
			var pods corev1.PodList
			if admin.List(until, &pods, client.MatchingLabels{names.LabelComponent: names.ComponentEvaluator}) == nil {
				for i := range pods.Items {
					l.follow(until, &following, &pods.Items[i])
				}
			}
			select {
			case <-until.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
	DeferCleanup(func() {
		stop()
		following.Wait()
	})
}

// follow copies what the pod's container writes until it ends.
func (l *listener) follow(until context.Context, following *sync.WaitGroup, pod *corev1.Pod) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running == nil || l.logs[status.ContainerID] != nil {
			continue
		}
		stream, err := clients.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: status.Name, Follow: true}).Stream(until)
		if err != nil {
			continue // next time
		}
		to := &log{where: "log of " + pod.Namespace + "/" + pod.Name + " " + status.ContainerID}
		l.logs[status.ContainerID] = to
		following.Go(func() {
			defer stream.Close()
			io.Copy(to, stream)
		})
	}
}

// heard is all that was followed.
func (l *listener) heard() []text {
	l.mu.Lock()
	defer l.mu.Unlock()
	var texts []text
	for _, followed := range l.logs {
		followed.mu.Lock()
		texts = append(texts, text{followed.where, bytes.Clone(followed.text.Bytes())})
		followed.mu.Unlock()
	}
	return texts
}
