package documents

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

const recursiveKey = "$recursive"

// IsRecursive reports whether a request deletes a directory with all that is
// below it: what needs manageRoles.
func IsRecursive(m *bus.Message) bool {
	if m.Method != http.MethodDelete {
		return false
	}
	_, ok := urlpattern.QueryValue(m.URL.Query, recursiveKey)
	return ok
}

// remove answers DELETE of a document.
func (d *Documents) remove(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	if err := checkQuery(m.URL.Query); err != nil {
		return nil, err
	}
	c, err := parseConditions(m.Header)
	if err != nil {
		return nil, err
	}
	if err := d.delete(ctx, key, c.Condition); err != nil {
		return nil, err
	}
	return bus.Reply(http.StatusNoContent, nil), nil
}

// delete deletes a document. What governs after a schema counts for all that is
// stored later, as with one that is stored.
func (d *Documents) delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if !d.isSchema(key) {
		return d.Keep.Delete(ctx, key, c)
	}
	return d.changeSchema(ctx, key, func() error { return d.Keep.Delete(ctx, key, c) })
}

// removeDirectory answers DELETE of a directory.
func (d *Documents) removeDirectory(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if err := checkQuery(m.URL.Query, recursiveKey); err != nil {
		return nil, err
	}
	value, recursive := urlpattern.QueryValue(m.URL.Query, recursiveKey)
	if recursive && value != "true" {
		return nil, bus.Errorf(http.StatusBadRequest, "$recursive is %q: write true, or leave it out", value)
	}
	c, err := parseConditions(m.Header)
	if err != nil {
		return nil, err
	}
	dir := adaptors.Key(m.ServicePath())
	found, err := d.hasEntries(ctx, dir)
	switch {
	case err != nil:
		return nil, err
	case !found && len(dir) > 0:
		return nil, noDirectory()
	case c.Condition.Check(&adaptors.Info{Dir: true}) != nil: // it has no ETag
		return nil, explain(adaptors.ErrCondition)
	case found && !recursive:
		return nil, bus.Errorf(http.StatusConflict, "the directory is not empty: delete what is in it, or all at once with ?$recursive=true")
	}
	tree := tree{Documents: d, sees: m.Sees}
	if err := tree.remove(ctx, dir); err != nil {
		return nil, err
	}
	if tree.left {
		return nil, bus.Errorf(http.StatusForbidden, "what you may not read below the directory was not deleted")
	}
	return bus.Reply(http.StatusNoContent, nil), nil
}

func noDirectory() error {
	return failed(http.StatusNotFound, "there is no such directory: one exists while a document is below it", fs.ErrNotExist)
}

// tree deletes all of a directory that its user sees.
type tree struct {
	*Documents
	sees func([]string) bool
	left bool // something was not seen
}

func (t *tree) remove(ctx context.Context, dir adaptors.Key) error {
	for info, err := range t.Keep.List(ctx, dir, adaptors.ListOptions{}) {
		if err != nil {
			return err
		}
		key := append(slices.Clone(dir), info.Name)
		switch {
		case !mayRead(t.sees, key, info.Dir):
			t.left = true
		case info.Dir:
			err = t.remove(ctx, key)
		default:
			err = t.delete(ctx, key, adaptors.Condition{})
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // somebody else deletes here too
			return err
		}
	}
	return nil
}

// mayRead reports whether sees, which is nil for everything, lets its user read
// an entry of a directory.
func mayRead(sees func([]string) bool, path []string, dir bool) bool {
	if sees == nil {
		return true
	}
	if dir {
		path = append(path, "")
	}
	return sees(path)
}

func (d *Documents) hasEntries(ctx context.Context, dir adaptors.Key) (bool, error) {
	for _, err := range d.Keep.List(ctx, dir, adaptors.ListOptions{}) {
		return err == nil, err
	}
	return false, nil
}
