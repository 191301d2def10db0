// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Provisioner gives each PersistentVolumeClaim of the local cluster a folder of its own on the node, and removes the
// folder when the claim is released. It stands in for the storage that a real cluster brings along.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// name is what the StorageClass refers to.
const name = "juncture.dev/host-path"

func main() {
	kubeconfig := flag.String("kubeconfig", "", "credentials for the API server")
	root := flag.String("root", "", "absolute path of the folder that holds the volumes")
	flag.Parse()
	if err := run(*kubeconfig, *root); err != nil {
		log.Fatal(err)
	}
}

func run(kubeconfig, root string) error {
	if !filepath.IsAbs(root) {
		return fmt.Errorf("-root %q: must be an absolute path", root)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading -kubeconfig %q: %w", kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	controller.NewProvisionController(ctx, client, name, folders{root},
		controller.LeaderElection(false)).Run(ctx)
	return nil
}

// folders provisions volumes as folders below root, one a volume, named like the volume.
type folders struct{ root string }

// Provision makes the folder of a new volume. Any user may write to it, so that pods which must not run as root, and
// have no privileged container to change an owner, can use it.
func (f folders) Provision(_ context.Context, options controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	if options.PVC.Spec.Selector != nil {
		return nil, controller.ProvisioningFinished, errors.New("spec.selector is not supported: remove it from the claim")
	}
	path := filepath.Join(f.root, options.PVName)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	if err := os.Chmod(path, 0o777); err != nil { // the umask took bits away
		return nil, controller.ProvisioningFinished, err
	}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: options.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource:        v1.PersistentVolumeSource{HostPath: &v1.HostPathVolumeSource{Path: path}},
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes the folder of a released volume with all it holds.
func (f folders) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	if volume.Spec.HostPath == nil || volume.Spec.HostPath.Path != filepath.Join(f.root, volume.Name) {
		return fmt.Errorf("persistent volume %s: its path is not the folder that was made for it; delete the volume by hand", volume.Name)
	}
	return os.RemoveAll(volume.Spec.HostPath.Path)
}
