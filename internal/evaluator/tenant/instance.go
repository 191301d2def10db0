// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"strconv"
	"strings"
)

// Trigger instances begin with what started the run:
//
//	schedule/<RFC 3339 time>
//	information/<revision>/<digest of the roster>/<sequence of the information run before>
//	request/<id>, request/<id>/accept-fewer-students
const (
	informationPrefix = "information/"
	requestPrefix     = "request/"
	fewerSuffix       = "/accept-fewer-students"
)

func informationInstance(revision, digest string, before int64) string {
	return informationPrefix + revision + "/" + digest + "/" + strconv.FormatInt(before, 10)
}

// informationOf is the digest of the roster that an information run was about.
func informationOf(instance string) (digest string, ok bool) {
	parts := strings.Split(instance, "/")
	if len(parts) != 4 || parts[0]+"/" != informationPrefix {
		return "", false
	}
	return parts[2], true
}

func requestInstance(id string, fewer bool) string {
	if fewer {
		return requestPrefix + id + fewerSuffix
	}
	return requestPrefix + id
}

func acceptsFewer(instance string) bool { return strings.HasSuffix(instance, fewerSuffix) }

// kindOf reads a trigger instance. The digest is empty but for information.
func kindOf(instance string) (k kind, digest string) {
	if digest, ok := informationOf(instance); ok {
		return byInformation, digest
	}
	if strings.HasPrefix(instance, "schedule/") {
		return bySchedule, ""
	}
	return byRequest, ""
}
