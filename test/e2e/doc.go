// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e checks what users may rely on, on a real cluster: the Helm chart, the manager, evaluators that decide about
// real or generated students, and the programs that people use beside them.
//
// `make test-e2e` provides all that it needs: KUBECONFIG of a cluster that holds the images JUNCTURE_MANAGER_IMAGE and
// JUNCTURE_EVALUATOR_IMAGE, and juncture, kubectl and helm on the PATH. The tests put rosters where the cluster's nodes
// read them: into the folders of host-path volumes, so the nodes have to be this machine.
//
// Each story has a namespace of its own that enforces Pod Security "restricted". With JUNCTURE_E2E_KEEP=1 all of it stays
// for a look after a failure; JUNCTURE_DATA is the folder of the real data, ../shared/data beside the repository without it.
package e2e
