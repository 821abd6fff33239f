package documents

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// create answers POST to a directory: the document gets a name of its own.
func (d *Documents) create(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	c, err := parseConditions(m.Header)
	if err != nil {
		return nil, err
	}
	if c.Condition.Check(nil) != nil { // what it makes is not there yet
		return nil, explain(adaptors.ErrCondition)
	}
	body, err := d.accept(m)
	if err != nil {
		return nil, err
	}
	if d.JSON {
		return d.createJSON(ctx, m, body)
	}
	path := append(slices.Clone(m.URL.Path), newName()+extensionOf(body.MediaType()))
	info, err := d.Keep.Put(ctx, path[len(m.URL.BasePath()):], body, adaptors.Condition{Absent: true})
	if err != nil {
		return nil, err
	}
	return stored(path, &info), nil
}

// createJSON stores a document in the directory of m, under the name that the
// pathPattern of its schema makes of it, or else one that no other has.
func (d *Documents) createJSON(ctx context.Context, m *bus.Message, body *bus.Body) (*bus.Message, error) {
	document, err := body.Bytes(d.MaxBody)
	if err != nil {
		return nil, err
	}
	var path []string
	info, err := d.held(ctx, m.ServicePath(), document, 0, func(g governing) (adaptors.Info, error) {
		name, err := g.name(document)
		if err != nil {
			return adaptors.Info{}, err
		}
		path = append(slices.Clone(m.URL.Path), name)
		servicePath := path[len(m.URL.BasePath()):]
		if m.Writes != nil {
			if creates, _ := m.Writes(servicePath); !creates {
				return adaptors.Info{}, bus.Errorf(http.StatusForbidden, "you may make documents here, but not %s", urlpattern.Path{Segments: path})
			}
		}
		info, err := d.store(ctx, d.key(servicePath), body, adaptors.Condition{Absent: true})
		if errors.Is(err, adaptors.ErrCondition) {
			return info, bus.Errorf(http.StatusConflict, "%s is there already: PUT it to replace it", urlpattern.Path{Segments: path})
		}
		return info, err
	})
	if err != nil {
		return nil, err
	}
	return stored(path, &info), nil
}

// name returns the name of a document that is new in a directory.
func (g governing) name(document []byte) (string, error) {
	if g.remembered != nil {
		name, err := g.schema.Name(document)
		if err != nil {
			return "", bus.Errorf(http.StatusBadRequest, "the document gets its name from its values, by the pathPattern of its schema: %v", err)
		}
		if name != "" {
			return name, nil
		}
	}
	return newName() + jsonExtension, nil
}
