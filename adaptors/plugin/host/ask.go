package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// ask starts a program, has it read its config, and ends it.
func ask(ctx context.Context, s *settings, env adaptors.Env) error {
	p, err := launch(s, env.Log.With("plugin", s.Path))
	if err != nil {
		return fmt.Errorf("plugin %s: %w", s.Path, err)
	}
	defer p.end()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	checked, err := p.plugin.Check(ctx, &wire.Config{Interface: string(s.of), Json: s.config})
	if err != nil {
		return fmt.Errorf("plugin %s: %w", s.Path, wire.Error(ctx, err))
	}
	return faulty(checked)
}

// faulty returns the faults that a plugin has found in its config.
func faulty(checked *wire.Checked) error {
	var all []error
	for _, f := range checked.GetFaults() {
		all = append(all, &pointed{f.GetPointer(), errors.New(f.GetMessage())})
	}
	return errors.Join(all...)
}
