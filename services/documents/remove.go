package documents

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"sync/atomic"

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

// Manages reports whether a request to a service of JSON documents needs
// manageRoles: one that writes a schema, by either of its names, or deletes a
// directory with all that is in it.
func Manages(m *bus.Message) bool {
	if m.Method == http.MethodGet || m.Method == http.MethodHead {
		return false
	}
	path := m.ServicePath()
	if last := len(path) - 1; last >= 0 && !m.URL.Dir && (path[last] == schemaName || path[last]+jsonExtension == schemaName) {
		return true
	}
	return IsRecursive(m)
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
	tree := tree{Documents: d, sees: m.Sees, crew: newCrew()}
	tree.remove(ctx, dir)
	if err := tree.crew.wait(); err != nil {
		return nil, tree.incomplete(err)
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
	sees    func([]string) bool
	left    bool // something was not seen
	crew    *crew
	deleted atomic.Int64
}

// remove has the crew delete what is below dir. It returns false where that
// failed.
func (t *tree) remove(ctx context.Context, dir adaptors.Key) bool {
	for info, err := range t.Keep.List(ctx, dir, adaptors.ListOptions{}) {
		if err != nil {
			t.crew.fail(err)
			return false
		}
		key := append(slices.Clone(dir), info.Name)
		goesOn := true
		switch {
		case !mayRead(t.sees, key, info.Dir):
			t.left = true
		case info.Dir:
			goesOn = t.remove(ctx, key)
		default:
			goesOn = t.crew.do(ctx, 1, func() error { return t.removeOne(ctx, key) })
		}
		if !goesOn {
			return false
		}
	}
	return true
}

func (t *tree) removeOne(ctx context.Context, key adaptors.Key) error {
	err := t.delete(ctx, key, adaptors.Condition{})
	if err == nil {
		t.deleted.Add(1)
	}
	if errors.Is(err, fs.ErrNotExist) { // somebody else deletes here too
		return nil
	}
	return err
}

// incomplete returns the error for a directory that could not be deleted as a
// whole.
func (t *tree) incomplete(err error) error {
	failed := *bus.Classify(explain(err))
	reason := failed.Detail
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		reason = "the time for the request is over: send it again, and it goes on, or raise limits.timeout of the service"
	case reason == "" || failed.Status >= 500 && failed.Type == "":
		reason = "the server could not delete one of the others"
	}
	deleted := t.deleted.Load()
	failed.Type = cmp.Or(failed.Type, bus.TypeIncomplete)
	failed.Detail = fmt.Sprintf("%d documents of the directory are deleted, and the others are not: %s", deleted, reason)
	failed.Members = map[string]any{"deleted": deleted}
	failed.Err = err
	return &failed
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
