package pipeline

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/bus"
)

// jsonObject joins parts to {name: body}, in their order. Those without a body
// are left out; the members of those that are to be merged become its own.
type jsonObject struct{}

func (jsonObject) join(_ context.Context, r *run, parts iter.Seq2[*message, error]) (*bus.Body, error) {
	o := objectWriter{run: r, names: make(map[string]bool)}
	for m, err := range parts {
		if err != nil {
			return nil, err
		}
		err = o.part(m)
		m.close()
		if err != nil {
			return nil, err
		}
	}
	return bus.NewBody(o.enclosed('{', '}'), mediaTypeJSON), nil
}

type objectWriter struct {
	*run
	pieces
	names map[string]bool
}

func (o *objectWriter) part(m *message) error {
	data, err := m.data(o.run)
	if err != nil || len(data) == 0 {
		return err
	}
	if !m.merges {
		return o.member(m.name, data)
	}
	document := gjson.Parse(unsafe.String(unsafe.SliceData(data), len(data)))
	if !document.IsObject() {
		return bus.Errorf(http.StatusUnprocessableEntity, "what is named $this is merged into the object, and must be an object itself")
	}
	document.ForEach(func(name, value gjson.Result) bool {
		err = o.member(name.String(), bytesOf(value.Raw))
		return err == nil
	})
	return err
}

func (o *objectWriter) member(name string, value []byte) error {
	if o.names[name] {
		return &bus.Error{Status: http.StatusInternalServerError, Type: bus.TypePipeline,
			Detail: fmt.Sprintf("two parts of an object are named %q: give each a name of its own, as in GET /contacts :contacts", name)}
	}
	o.names[name] = true
	return o.add(o.run, append(appendString(nil, name), ':'), value)
}
