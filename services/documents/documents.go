// Package documents serves the bodies of a store over HTTP: reading, writing,
// conditions, ranges and listings, as RFC 9110 has them. It is a library; the
// Kinds json, file and static are thin layers over it.
//
// A service path that ends in a slash, or has no segments, is a directory: GET
// lists it, POST makes a document with a name of its own in it, PUT unpacks a
// zip into it, DELETE removes it. All other paths are documents.
package documents

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// Config says what Documents are kept, and how.
type Config struct {
	Keep *adaptors.Keep

	// JSON: documents are JSON, checked strictly when they come in and held to
	// the JSON Schema .schema.json of the nearest directory that has one, and
	// "hello" and "hello.json" are one document. There is PATCH.
	JSON bool

	// Schema governs the JSON documents that no .schema.json does; nil is none.
	Schema *Schema

	// Summary is what listings with $list=summary show of JSON documents; nil:
	// there are none.
	Summary *Summary

	// MaxBody is the most bytes of one document that are held in memory.
	MaxBody int64

	// MaxFile is the most bytes of a zip that is unpacked, and of each file in
	// it. 0: directories have no PUT.
	MaxFile int64
}

// Documents is the service of a store of documents. It knows its methods. Safe
// for concurrent use; the Keep stays the caller's to close.
type Documents struct {
	Config
	schemas   *schemas
	summaries *summaries
	writing   *semaphore.Weighted // 1 for each document that is written, allWrites for a schema
	checking  *semaphore.Weighted // bytes of documents that are held to schemas at one time
	guard     *guardedStore       // behind which Keep is; nil: none
}

// New returns the service of a Config.
func New(c Config) *Documents {
	return &Documents{
		Config:    c,
		schemas:   &schemas{keep: c.Keep, dirs: make(map[string]*remembered)},
		summaries: newSummaries(),
		writing:   semaphore.NewWeighted(allWrites),
		checking:  semaphore.NewWeighted(maxChecked * c.MaxBody),
	}
}

const jsonExtension = ".json"

// Serve is part of bus.Service.
func (d *Documents) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	defer m.Close()
	if m.Records != nil && d.JSON {
		d = d.Guarded(guardOf(m.Records))
	}
	reply, err := d.route(ctx, m)
	if err != nil {
		return nil, explain(err)
	}
	return reply, nil
}

func (d *Documents) route(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	path := m.ServicePath()
	if isDirectory(path, m.URL.Dir) {
		switch m.Method {
		case http.MethodGet:
			return d.list(ctx, m)
		case http.MethodPost:
			return d.create(ctx, m)
		case http.MethodDelete:
			return d.removeDirectory(ctx, m)
		case http.MethodPut:
			if d.MaxFile > 0 {
				return d.unzip(ctx, m)
			}
		}
		return nil, services.MethodNotAllowed(m.Method, d.Methods(path, m.URL.Dir))
	}
	key := d.key(path)
	switch {
	case m.Method == http.MethodGet:
		return d.get(ctx, m, key)
	case (m.Method == http.MethodPut || m.Method == http.MethodPost) && d.isSchema(key):
		return d.writeSchema(ctx, m, key)
	case m.Method == http.MethodPut, m.Method == http.MethodPost:
		return d.write(ctx, m, key)
	case m.Method == http.MethodPatch && d.JSON:
		return d.patch(ctx, m, key)
	case m.Method == http.MethodDelete:
		return d.remove(ctx, m, key)
	}
	return nil, services.MethodNotAllowed(m.Method, d.Methods(path, m.URL.Dir))
}

// Methods is part of services.Methods.
func (d *Documents) Methods(path []string, dir bool) []string {
	if isDirectory(path, dir) {
		list := []string{http.MethodGet, http.MethodPost, http.MethodDelete}
		if d.MaxFile > 0 {
			list = append(list, http.MethodPut)
		}
		return list
	}
	list := []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete}
	if d.JSON {
		list = append(list, http.MethodPatch)
	}
	return list
}

func isDirectory(path []string, dir bool) bool { return dir || len(path) == 0 }

// key returns where the document at a service path is kept.
func (d *Documents) key(path []string) adaptors.Key {
	last := len(path) - 1
	if !d.JSON || strings.HasSuffix(path[last], jsonExtension) {
		return path
	}
	key := slices.Clone(path)
	key[last] += jsonExtension
	return key
}
