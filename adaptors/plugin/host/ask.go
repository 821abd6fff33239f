package host

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// ask starts a program, has it read its config, and ends it.
func ask(ctx context.Context, s *settings, env adaptors.Env) error {
	p, err := start(ctx, s, env.Log.With("plugin", s.Path), wire.PluginClient.Check)
	if found, ok := errors.AsType[faults](err); ok {
		return found
	}
	if err != nil {
		return fmt.Errorf("plugin %s: %w", s.Path, err)
	}
	p.end()
	return nil
}

// faults are what a plugin has found in its config.
type faults []*pointed

// Unwrap returns each of them, with its Pointer.
func (f faults) Unwrap() (list []error) {
	for _, fault := range f {
		list = append(list, fault)
	}
	return list
}

// Error is part of error.
func (f faults) Error() string {
	var b strings.Builder
	for i, fault := range f {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString("config " + fault.pointer + ": " + fault.err.Error())
	}
	return b.String()
}

// maxFaults is how many faults of a config are told.
const maxFaults = 100

// faulty returns the faults of a config, or nil.
func faulty(checked *wire.Checked) error {
	var found faults
	list := checked.GetFaults()
	for _, f := range list[:min(len(list), maxFaults)] {
		found = append(found, &pointed{wire.Text(f.GetPointer()), errors.New(wire.Text(f.GetMessage()))})
	}
	if len(found) == 0 {
		return nil
	}
	return found
}
