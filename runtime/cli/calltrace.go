package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/term"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
	"github.com/seed90475182/restspace/runtime"
)

// The forms of a record.
const (
	traceTree = "tree"
	traceJSON = "json"
)

// check returns what is wrong with flags that belong together.
func (c *calling) check() error {
	switch {
	case c.trace != "" && c.trace != traceTree && c.trace != traceJSON:
		return usagef("--trace=%s: write --trace for a tree, or --trace=json", c.trace)
	case c.bodies && c.trace == "":
		return usagef("--bodies without --trace: write both")
	}
	return nil
}

// recorded is exchange, with the record that the flags ask for after the reply.
func (r *run) recorded(root *bus.Root, server *runtime.Runtime, m *bus.Message, c calling) error {
	if c.trace == "" && !c.dryRun {
		return r.exchange(root, server, m, c.bodyOnly)
	}
	options := record.Options{Bodies: c.bodies}
	if c.dryRun { // which is to tell all
		options.Children, options.Nodes = 20_000, 200_000
	}
	ctx, node := record.Start(root, options, record.RequestEntry(m))
	err := r.exchange(ctx, bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		return node.Serve(ctx, server, m)
	}), m, c.bodyOnly)
	if root.Seen.Err != nil {
		node.Set(func(e *record.Entry) { e.Error = root.Seen.Err.Error() })
	}
	tree := node.Tree(record.NewRedactor(server.Config().Secrets))
	if r.midLine && samePlace(r.stdout, r.stderr) {
		fmt.Fprintln(r.stderr)
	}
	if c.dryRun {
		err = errors.Join(err, r.printPlans(tree))
	}
	if c.trace != "" {
		err = errors.Join(err, r.printTrace(tree, c.trace))
	}
	return err
}

// printPlans tells what a dry run would have changed.
func (r *run) printPlans(tree record.Entry) error {
	for _, line := range record.Plans(tree) {
		if _, err := fmt.Fprintln(r.stderr, line); err != nil {
			return err
		}
	}
	return nil
}

// printTrace prints a record in one of its forms.
func (r *run) printTrace(tree record.Entry, form string) error {
	if form == traceJSON {
		text, err := json.Marshal(tree, jsontext.WithIndent("  "))
		if err == nil {
			_, err = fmt.Fprintf(r.stderr, "%s\n", text)
		}
		return err
	}
	p := r.paintFor(r.stderr)
	return record.Write(r.stderr, tree, record.Look{Width: widthOf(r.stderr), Good: p.green, Bad: p.red, Faint: p.faint})
}

// widthOf returns the width of a terminal; 0 is none.
func widthOf(w io.Writer) int {
	file, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}
