package documents

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents/schema"
	"github.com/seed90475182/restspace/urlpattern"
)

// schemaName is the name of the document that governs what is in its directory,
// and below it until the next one.
const schemaName = ".schema.json"

// isSchema reports whether the document at a key is a schema of JSON documents.
func (d *Documents) isSchema(key adaptors.Key) bool {
	return d.JSON && key[len(key)-1] == schemaName
}

// put stores what was checked with CheckJSON, if it satisfies the schema that
// governs it, or else any file. Once a schema is stored, what is stored later
// through d was held to it: a write waits for one that goes on.
func (d *Documents) put(ctx context.Context, key adaptors.Key, body *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	if !d.JSON {
		return d.Keep.Put(ctx, key, body, c)
	}
	document, err := body.Bytes(d.MaxBody)
	if err != nil {
		return adaptors.Info{}, err
	}
	if d.isSchema(key) {
		if _, err := compile(document); err != nil {
			return adaptors.Info{}, err
		}
		return d.putSchema(ctx, key, body, c, nil)
	}
	return d.held(ctx, key[:len(key)-1], document, 0, func(governing) (adaptors.Info, error) {
		return d.store(ctx, key, body, c)
	})
}

// held calls store with the schema that governs a directory, as it was maxAge ago
// or later, if a document for it satisfies that.
func (d *Documents) held(ctx context.Context, dir adaptors.Key, document []byte, maxAge time.Duration, store func(governing) (adaptors.Info, error)) (adaptors.Info, error) {
	if err := d.writing.Acquire(ctx, 1); err != nil {
		return adaptors.Info{}, err
	}
	defer d.writing.Release(1)
	g, err := d.governing(ctx, dir, maxAge)
	if err == nil {
		err = d.check(ctx, g, document)
	}
	if err != nil {
		return adaptors.Info{}, err
	}
	return store(g)
}

// putSchema stores a schema. before, which may be nil, is called while no other
// write goes on, and stops it with an error.
func (d *Documents) putSchema(ctx context.Context, key adaptors.Key, body *bus.Body, c adaptors.Condition, before func() error) (info adaptors.Info, err error) {
	err = d.changeSchema(ctx, key, func() error {
		if before != nil {
			if err := before(); err != nil {
				return err
			}
		}
		info, err = d.Keep.Put(ctx, key, body, c)
		return err
	})
	return info, err
}

// allWrites is more than the writes that go on at one time.
const allWrites = 1 << 30

// changeSchema calls change, which stores or deletes the schema at a key, while
// no other write goes on.
func (d *Documents) changeSchema(ctx context.Context, key adaptors.Key, change func() error) error {
	if err := d.writing.Acquire(ctx, allWrites); err != nil {
		return err
	}
	defer d.writing.Release(allWrites)
	defer d.schemas.changed(key)
	return change()
}

// compile reads the text of a schema that a request brings.
func compile(text []byte) (*schema.Schema, error) {
	s, err := schema.Compile(text)
	if err != nil {
		return nil, unfit("Invalid Schema", "this is no schema that documents can be held to", err)
	}
	return s, nil
}

// A governing is the schema of a directory: the zero value is none.
type governing struct {
	*remembered
	dir adaptors.Key // where the schema is
}

// maxChecked is how many documents of the largest size are held to schemas at
// one time: that takes many times their size of memory.
const maxChecked = 2

// check holds a document to a schema, when it is its turn.
func (d *Documents) check(ctx context.Context, g governing, document []byte) error {
	if g.remembered == nil {
		return nil
	}
	size := int64(len(document))
	if err := d.checking.Acquire(ctx, size); err != nil {
		return err
	}
	defer d.checking.Release(size)
	at := urlpattern.Path{Segments: append(g.dir[:len(g.dir):len(g.dir)], schemaName)}.String()
	if g.fault != nil {
		return failed(http.StatusConflict, "the document can't be checked, since the schema "+at+" of this service is not valid: PUT that anew", g.fault)
	}
	if err := g.schema.Check(document); err != nil {
		return unfit("Invalid Document", "it does not satisfy the schema "+at+" of this service", err)
	}
	return nil
}

// maxErrors is how many errors of a document an answer has.
const maxErrors = 100

// unfit returns the error of status 400 for a document, where err is
// schema.Errors.
func unfit(title, detail string, err error) error {
	all, ok := errors.AsType[schema.Errors](err)
	if !ok {
		return err
	}
	return &bus.Error{Status: http.StatusBadRequest, Type: bus.TypeInvalidDocument, Title: title,
		Detail:  detail + ": " + all.Error(),
		Members: map[string]any{"errors": all[:min(len(all), maxErrors)]}}
}

// governing finds the schema that governs a directory: that of the nearest
// directory that has one, or else that of the configuration. What was looked at less than maxAge ago is not looked
// at again.
func (d *Documents) governing(ctx context.Context, dir adaptors.Key, maxAge time.Duration) (governing, error) {
	var nameRoom [64]byte
	var endRoom [8]int
	names, ends := appendDirNames(nameRoom[:0], endRoom[:0], dir)
	for n := len(dir); n >= 0; n-- {
		known, err := d.schemas.at(ctx, dir[:n], names[:ends[n]], maxAge)
		if err != nil {
			return governing{}, err
		}
		if known.isThere() {
			return governing{known, dir[:n]}, nil
		}
	}
	if d.Schema != nil {
		return governing{remembered: d.Schema.known}, nil
	}
	return governing{}, nil
}

// at returns what is known of the directory of that name, after a look at it
// where that is older than maxAge.
func (s *schemas) at(ctx context.Context, dir adaptors.Key, name []byte, maxAge time.Duration) (*remembered, error) {
	known, changes := s.recall(name)
	if known != nil && time.Since(known.looked) < maxAge {
		return known, nil
	}
	key := append(dir[:len(dir):len(dir)], schemaName)
	now := time.Now()
	_, info, err := s.keep.Get(ctx, key, adaptors.GetOptions{Meta: true})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		known = &remembered{looked: now}
	case err != nil:
		return nil, err
	case known != nil && known.isThere() && known.etag == info.ETag && info.ETag != "":
		again := *known
		again.looked = now
		known = &again
	default:
		if known, err = s.read(ctx, key); err != nil {
			return nil, err
		}
		known.looked = now
	}
	s.remember(name, known, changes)
	return known, nil
}

// read reads the schema at a key.
func (s *schemas) read(ctx context.Context, key adaptors.Key) (*remembered, error) {
	body, info, err := s.keep.Get(ctx, key, adaptors.GetOptions{})
	if errors.Is(err, fs.ErrNotExist) { // deleted in the meantime
		return &remembered{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	known := &remembered{etag: info.ETag, size: info.Size}
	if info.Size > schema.MaxSize {
		known.fault, known.size = errors.New("it is too large"), 0
		return known, nil
	}
	text, err := body.Bytes(schema.MaxSize)
	if err != nil {
		return nil, err
	}
	if known.fault = CheckJSON(text); known.fault == nil {
		known.schema, known.fault = schema.Compile(text)
	}
	return known, nil
}
