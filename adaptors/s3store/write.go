package s3store

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

const (
	// maxTries is how often a write looks anew when the object changed since.
	// Each time somebody else's write was done.
	maxTries = 10

	// settleTime is how long a write whose answer was lost is looked for.
	settleTime = 5 * time.Second
)

// Put is part of adaptors.Store.
func (s *Store) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	defer b.Close()
	object, err := s.object(key)
	if err != nil {
		return adaptors.Info{}, err
	}
	head, rest, err := begin(ctx, b)
	if err != nil {
		return adaptors.Info{}, err
	}
	w := &write{store: s, object: object, id: newWrite(), condition: c}
	if rest == nil {
		err = w.whole(ctx, head)
	} else {
		err = w.parts(ctx, b.Size(), head, rest)
	}
	info := w.stored.info(key[len(key)-1])
	info.Created = w.created
	return info, err
}

// Delete is part of adaptors.Store.
func (s *Store) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	object, err := s.object(key)
	if err != nil {
		return err
	}
	for try := range maxTries {
		f, err := s.find(ctx, object)
		if err == nil {
			err = f.check(&c)
		}
		if err != nil {
			return err
		}
		in := &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &object}
		if !c.Unconditional() {
			if f.etag == "" {
				return noETag()
			}
			if err := s.deleteIf.demand(ctx, s); err != nil {
				return err
			}
			in.IfMatch = quoted(f.etag)
		}
		_, err = s.api.DeleteObject(ctx, in)
		if err == nil {
			return nil
		}
		if err = failure(ctx, err); !otherwise(err) && !missing(err) && (try > 0 || !conflict(err)) {
			return err
		}
	}
	return contended()
}

// contended is the error of a write that others came before too often.
func contended() error { return busy(errors.New("others write to the object all the time")) }

// write is a Put on its way.
type write struct {
	store     *Store
	object    string
	id        string
	condition adaptors.Condition

	stored  facts // when it is done
	created bool
}

// guard is the condition of a request: that the object has an ETag, or that
// there is none.
type guard struct{ match, noneMatch *string }

// guarded looks at the object, compares the condition, and calls send with what
// it found (nil is no object) and what must still be so when the object is
// written; again where it is not. send returns the ETag of what is written.
func (w *write) guarded(ctx context.Context, send func(ctx context.Context, now *facts, g guard) (etag *string, err error), create, replace *ability) error {
	conflicts := 0
	for try := range maxTries {
		now, err := w.look(ctx, try)
		switch {
		case err != nil:
			return err
		case try > 0 && w.isStored(now):
			return nil
		}
		g, err := w.guard(ctx, now, create, replace)
		if err != nil {
			return err
		}
		w.created = now == nil
		etag, err := send(ctx, now, g)
		if err == nil {
			w.done(ctx, etag)
			return nil
		}
		err = failure(ctx, err)
		if conflict(err) {
			conflicts++
		}
		if !otherwise(err) && !(missing(err) && g.match != nil) && (!conflict(err) || conflicts > 1) {
			return w.settle(ctx, err)
		}
	}
	return contended()
}

// look returns what the object is now. That there is none is only assumed by the
// first try of a write that needs it so: the server says if there is one.
func (w *write) look(ctx context.Context, try int) (*facts, error) {
	if try == 0 && w.condition.Absent {
		return nil, nil
	}
	return w.store.look(ctx, w.object)
}

// guard compares the condition with the object as it is now, and returns what
// holds the request to that.
func (w *write) guard(ctx context.Context, now *facts, create, replace *ability) (g guard, err error) {
	if err = now.check(&w.condition); err != nil || w.condition.Unconditional() {
		return g, err
	}
	if now == nil {
		g.noneMatch = aws.String("*")
		return g, create.demand(ctx, w.store)
	}
	if now.etag == "" {
		return g, noETag()
	}
	g.match = quoted(now.etag)
	return g, replace.demand(ctx, w.store)
}

// done keeps the facts of what is stored, and asks for the ETag where the
// answer has none.
func (w *write) done(ctx context.Context, etag *string) {
	w.stored.etag, w.stored.write = bare(etag), w.id
	if w.stored.etag == "" {
		if now, err := w.store.look(ctx, w.object); err == nil {
			_ = w.isStored(now) // else it is not known: it is stored all the same
		}
	}
}

// isStored reports whether this write made what the object is now.
func (w *write) isStored(now *facts) bool {
	if now == nil || now.write != w.id {
		return false
	}
	w.stored = *now
	return true
}

// settle finds out whether a write was done whose answer is err. It asks where
// the server may have done it: also where an upload is missing, since it is once
// it was completed, by a request whose answer was lost.
func (w *write) settle(ctx context.Context, err error) error {
	if n := status(err); n != 0 && n < 500 && n != http.StatusNotFound || ctx.Err() != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if now, lost := w.store.look(ctx, w.object); lost == nil && w.isStored(now) {
		return nil
	}
	return err
}
