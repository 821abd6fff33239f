package runtime

import (
	"context"
	"errors"
	"io/fs"

	"github.com/seed90475182/restspace/adaptors"
)

// A Source is where a configuration is kept, such as a file. It is safe for
// concurrent use. It may have three further methods, found by assertion: Health()
// error says why what is served may not be what it holds, Refused() bool that it
// is known not to be, and Claims() []adaptors.Claim what of the outside no service
// may have.
type Source interface {
	// Name is how messages call it.
	Name() string

	// Read returns the content. Where there is none the error is
	// fs.ErrNotExist.
	Read(ctx context.Context) ([]byte, error)

	// Replace makes next the content if that is old, where nil is none, or
	// else the error is adaptors.ErrCondition. A source that can't be written
	// to has adaptors.ErrReadOnly. With a nil error next has been stored for
	// good; a process that ends in between leaves one content or the other.
	Replace(ctx context.Context, old, next []byte) error
}

// Reload is Load of what the Source holds now. version is that of the content
// that was read, "" if none was: an error of the same version is the same
// error. changed says whether another configuration is current now.
func (r *Runtime) Reload(ctx context.Context) (version string, changed bool, err error) {
	return r.reload(ctx, true)
}

// Refresh is Reload for when nobody has asked for it: what is current already
// changes nothing, also where a store has failed or moved.
func (r *Runtime) Refresh(ctx context.Context) (version string, changed bool, err error) {
	return r.reload(ctx, false)
}

func (r *Runtime) reload(ctx context.Context, again bool) (version string, changed bool, err error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	data, err := r.options.Source.Read(ctx)
	if err != nil {
		return "", false, err
	}
	changed, err = r.load(ctx, r.options.Source.Name(), data, again)
	return versionOf(data), changed, err
}

// replace makes data the configuration, here and in the Source: what can't be
// served is not stored, and what can't be stored is not served. It is stored
// before it is served, so that a process that ends in between, or after it,
// comes back with what it said. by is who asks.
func (r *Runtime) replace(ctx context.Context, by string, c *adaptors.Condition, data []byte) (created bool, err error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	source := r.options.Source
	old, info, err := r.stored(ctx)
	if err != nil {
		return false, err
	}
	if err := c.Check(info); err != nil {
		return false, err
	}
	what := r.reading(source.Name(), data)
	next, err := r.prepare(ctx, what, true)
	if err != nil {
		r.refused()
		return false, err
	}
	if err := source.Replace(ctx, old, data); err != nil { // also if it is the same: others may be waiting for it
		r.discard(next)
		return false, err
	}
	r.files = what.files
	r.swap(next, by)
	return info == nil, nil
}

// stored returns what the Source holds, and the facts of it: both nil if it
// holds nothing.
func (r *Runtime) stored(ctx context.Context) ([]byte, *adaptors.Info, error) {
	data, err := r.options.Source.Read(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return data, &adaptors.Info{ETag: versionOf(data), Size: int64(len(data))}, nil
}
