// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

func parseQuietly(args ...string) (*options, error) {
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return parse(flags, args)
}

func TestFlags(t *testing.T) {
	const image = "--evaluator-image=evaluator:1"
	cases := map[string]struct {
		args []string
		says string // in the error; empty for none
	}{
		"an image is enough":    {args: []string{image}},
		"the version alone":     {args: []string{"--version"}},
		"no image":              {says: "--evaluator-image is required"},
		"too many districts":    {args: []string{image, "--evaluator-max-districts=65"}, says: "1 to 64"},
		"no districts":          {args: []string{image, "--evaluator-max-districts=0"}, says: "1 to 64"},
		"no students":           {args: []string{image, "--evaluator-max-students=0"}, says: "1 at least"},
		"no memory":             {args: []string{image, "--evaluator-memory=0"}, says: "--evaluator-memory"},
		"memory in words":       {args: []string{image, "--evaluator-memory=much"}, says: "--evaluator-memory"},
		"a size without a unit": {args: []string{image, "--store-size=10"}, says: "10Gi"},
		"an unknown policy":     {args: []string{image, "--evaluator-image-pull-policy=Sometimes"}, says: "IfNotPresent"},
		"a port that is none":   {args: []string{image, "--api-server-ports=443,0"}, says: "443,6443"},
		"a stray argument":      {args: []string{image, "start"}, says: `"start"`},
		"all that is wrong":     {args: []string{"--store-size=x", "--evaluator-cpu=x"}, says: "--evaluator-cpu"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseQuietly(c.args...)
			switch {
			case err == nil && c.says != "":
				t.Errorf("no error, want %q", c.says)
			case err != nil && (c.says == "" || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

// The manifests and the program must not drift apart.
func TestManifestStartsTheProgram(t *testing.T) {
	raw, err := os.ReadFile("../../config/manager/deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := yaml.Unmarshal(raw, &deployment); err != nil {
		t.Fatal(err)
	}
	o, err := parseQuietly(deployment.Spec.Template.Spec.Containers[0].Args...)
	if err != nil {
		t.Fatal(err)
	}
	if !o.leaderElect {
		t.Error("two managers without a leader")
	}
}
