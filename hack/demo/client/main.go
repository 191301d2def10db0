// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

// Client asks an evaluator over its HTTP API, for the demo: what curl and jq would do, on machines that have neither. EVALUATOR_URL and EVALUATOR_TOKEN say whom and as whom.
//
//	client run AT SEED DISTRICT...   starts a run in each district and waits for their ends
//	client decisions DISTRICT        the decisions in force as CSV
//	client explain STATE DISTRICT... one decision in that state, in plain words
//	client record DISTRICT...        the state of each record
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// patience is how long all that was asked for may take.
const patience = 3 * time.Minute

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := command(ctx, newClient(), os.Args[1:]); err != nil {
		log.Fatal("client: ", err)
	}
}

func command(ctx context.Context, c *client, args []string) error {
	switch {
	case len(args) > 3 && args[0] == "run":
		return c.run(ctx, args[1], args[2], args[3:])
	case len(args) == 2 && args[0] == "decisions":
		return c.decisions(ctx, args[1])
	case len(args) > 2 && args[0] == "explain":
		return c.explain(ctx, args[1], args[2:])
	case len(args) > 1 && args[0] == "record":
		return c.record(ctx, args[1:])
	default:
		return errors.New("usage: client run AT SEED DISTRICT... | decisions DISTRICT | explain STATE DISTRICT... | record DISTRICT... (one or more)")
	}
}

type client struct {
	http       *http.Client
	url, token string
}

func newClient() *client {
	// The evaluator made its certificate at start. The connection goes through kubectl port-forward, whose other end the API
	// server vouches for.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	return &client{http: &http.Client{Transport: transport}, url: os.Getenv("EVALUATOR_URL"), token: os.Getenv("EVALUATOR_TOKEN")}
}

// call returns the body of a successful answer, which the caller closes.
func (c *client) call(ctx context.Context, method, path string, header http.Header, body []byte) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body)) //nolint:gosec // the caller's own URL
	if err != nil {
		return nil, err
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := c.http.Do(request) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		defer answer.Body.Close()
		problem, _ := io.ReadAll(io.LimitReader(answer.Body, 4096)) // as much as there is
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, problem)
	}
	return answer.Body, nil
}

func (c *client) get(ctx context.Context, path string, into any) error {
	body, err := c.call(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(into)
}

func in(district string) string { return "/v1/districts/" + url.PathEscape(district) }

type run struct {
	ID, Process, Revision, State, Error string
	Sequence, Decisions                 int
}

// run starts all runs first: the evaluator works on several districts at once.
func (c *client) run(ctx context.Context, at, seed string, districts []string) error {
	order, err := json.Marshal(map[string]string{"at": at, "seed": seed})
	if err != nil {
		return err
	}
	started := map[string][]run{}
	for _, district := range districts {
		// The same key again starts nothing: the demo may be repeated.
		header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"demo/" + at + "/" + seed}}
		body, err := c.call(ctx, http.MethodPost, in(district)+"/runs", header, order)
		if err != nil {
			return err
		}
		var answer struct{ Runs []run }
		err = json.NewDecoder(body).Decode(&answer)
		if err := errors.Join(err, body.Close()); err != nil {
			return err
		}
		started[district] = answer.Runs
	}
	fmt.Printf("%-24s %-16s %4s  %-12s %9s\n", "DISTRICT", "PROCESS", "RUN", "ID", "DECISIONS")
	for _, district := range districts {
		for _, one := range started[district] {
			for one.State == "Pending" {
				if err := c.get(ctx, in(district)+"/runs/"+one.ID+"?wait=true", &one); err != nil {
					return err
				}
			}
			if one.State != "Committed" {
				return fmt.Errorf("district %s: run %s: %s: %s", district, one.ID, one.State, one.Error)
			}
			fmt.Printf("%-24s %-16s %4d  %.12s %9d\n", district, one.Process, one.Sequence, one.ID, one.Decisions)
		}
	}
	return nil
}

func (c *client) decisions(ctx context.Context, district string) error {
	body, err := c.call(ctx, http.MethodGet, in(district)+"/decisions?format=csv", nil, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(os.Stdout, body)
	return err
}

func (c *client) explain(ctx context.Context, state string, districts []string) error {
	for _, district := range districts {
		var page struct{ Decisions []struct{ ID string } }
		if err := c.get(ctx, in(district)+"/decisions?limit=1&state="+url.QueryEscape(state), &page); err != nil {
			return err
		}
		if len(page.Decisions) == 0 {
			continue
		}
		path := in(district) + "/decisions/" + url.PathEscape(page.Decisions[0].ID) + "/explanation"
		body, err := c.call(ctx, http.MethodGet, path+"?format=text", nil, nil)
		if err != nil {
			return err
		}
		defer body.Close()
		fmt.Printf("GET %s?format=text\n\n", path)
		_, err = io.Copy(os.Stdout, body)
		return err
	}
	return fmt.Errorf("no decision is %s in %s", state, strings.Join(districts, ", "))
}

func (c *client) record(ctx context.Context, districts []string) error {
	fmt.Printf("%-24s %5s  %s\n", "DISTRICT", "RUNS", "HEAD OF THE CHAIN")
	for _, district := range districts {
		var state struct {
			Runs         int
			Head, Damage string
		}
		if err := c.get(ctx, in(district)+"/record", &state); err != nil {
			return err
		}
		if state.Damage != "" {
			return fmt.Errorf("the record of district %s is damaged: %s", district, state.Damage)
		}
		fmt.Printf("%-24s %5d  %s\n", district, state.Runs, state.Head)
	}
	return nil
}
