package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// program is "program NAME": it puts the program of that name, which is a copy
// of this one, into the directory of the script.
func program(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: program NAME")
	}
	self, err := os.Executable()
	ts.Check(err)
	ts.Check(os.Link(self, ts.MkAbs(args[0])))
}

// faulty is a store in memory that does not keep the contract.
type faulty struct {
	adaptors.Store
	fault string
}

// faultyConfig is its config.
type faultyConfig struct {
	Fault string `json:"fault" required:"true" doc:"what it does wrong"`
}

// Check is called when a config is decoded.
func (c *faultyConfig) Check() error {
	if c.Fault == "" {
		return &badFault{errors.New("no fault: write one")}
	}
	return nil
}

type badFault struct{ error }

func (*badFault) Pointer() string { return "/fault" }

func openFaulty(_ context.Context, c faultyConfig, _ adaptors.Env) (adaptors.Store, error) {
	if c.Fault == "closed" {
		return nil, errors.New("the shop is closed")
	}
	fmt.Fprintln(os.Stderr, "opened with the fault", c.Fault)
	return &faulty{memstore.New(), c.Fault}, nil
}

// Get loses the case of a text, or never answers.
func (f *faulty) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	body, info, err := f.Store.Get(ctx, key, o)
	switch {
	case f.fault == "panics":
		panic("out of paper")
	case err == nil && body != nil && f.fault == "shouts":
		data, err := body.Bytes(info.Size)
		return bus.NewBody([]byte(strings.ToUpper(string(data))), ""), info, err
	}
	return body, info, err
}

// Delete leaves everything as it is.
func (f *faulty) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if f.fault == "hoards" {
		return nil
	}
	return f.Store.Delete(ctx, key, c)
}

// build is "build DIR": it builds a new plugin in Go as its README says, but with
// this module in the place of a published one.
func build(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: build DIR")
	}
	own, err := filepath.Abs("../../..")
	ts.Check(err)
	sums, err := os.ReadFile(filepath.Join(own, "go.sum"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(filepath.Join(args[0], "go.sum")), sums, 0o600))
	const module = "github.com/seed90475182/restspace"
	for _, command := range [][]string{
		{"go", "mod", "edit", "-require=" + module + "@v0.0.0", "-replace=" + module + "=" + own},
		{"go", "build"},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir, cmd.Env = ts.MkAbs(args[0]), append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
		out, err := cmd.CombinedOutput()
		ts.Logf("%s", out)
		ts.Check(err)
	}
}
