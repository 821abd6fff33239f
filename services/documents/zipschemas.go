package documents

import (
	"context"
	"slices"
	"time"

	"github.com/seed90475182/restspace/adaptors"
)

// maxZipSchemas is the most schemas of one zip: it takes time to read them.
const maxZipSchemas = 100

// zipSchemas are the schemas in a zip, by the key of their directory: what is
// in the zip is held to them as if they were stored already.
type zipSchemas map[string]governing

func (z zipSchemas) add(key adaptors.Key, text []byte) error {
	if len(z) == maxZipSchemas {
		return zipTooLarge("more than %d schemas are in the zip: send it in parts", maxZipSchemas)
	}
	compiled, err := compile(text)
	if err != nil {
		return err
	}
	dir := key[:len(key)-1]
	z[dir.String()] = governing{&remembered{schema: compiled}, dir}
	return nil
}

// nearest returns the schema in the zip that is nearest above a directory, but
// not above one of least segments.
func (z zipSchemas) nearest(dir adaptors.Key, least int) (governing, bool) {
	for n := len(dir); n >= least && len(z) > 0; n-- {
		if g, ok := z[dir[:n].String()]; ok {
			return g, true
		}
	}
	return governing{}, false
}

// checkJSON returns what is wrong with a document of the zip.
func (u *unzipping) checkJSON(ctx context.Context, key adaptors.Key, document []byte) error {
	if err := CheckJSON(document); err != nil {
		return err
	}
	if u.isSchema(key) {
		return u.schemas.add(key, document)
	}
	dir := key[:len(key)-1]
	g, err := u.governing(ctx, dir, time.Second) // it is looked at again for the write
	if err != nil {
		return err
	}
	if packed, ok := u.schemas.nearest(dir, len(g.dir)); ok {
		g = packed
	}
	if err := u.Documents.check(ctx, g, document); err != nil || u.guard == nil {
		return err
	}
	return u.guard.check(ctx, key, document)
}

// schemasFirst orders the documents as they are checked and written: a schema
// comes before what it governs.
func (u *unzipping) schemasFirst() {
	slices.SortStableFunc(u.list, func(a, b packed) int {
		switch first, second := u.isSchema(a.key), u.isSchema(b.key); {
		case first && !second:
			return -1
		case second && !first:
			return 1
		}
		return 0
	})
}
