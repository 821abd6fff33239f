package adaptors

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"

	"github.com/seed90475182/restspace/bus"
)

// A Keep is what services hold of a [Store]: the same methods, and what every
// Store needs around them. It checks keys (an error that is ErrKey), refuses
// bodies that are too large (413), sets the media type from the key's last
// segment, and says in each error what was done to which key: errors.Is and
// errors.As still find the cause. Safe for concurrent use.
type Keep struct {
	store   Store
	maxSize int64
	watcher Watcher // nil: nobody is told
}

// NewKeep returns a Keep of a store, which stays the caller's to close. Bodies
// of more than maxSize bytes are refused; 0 is no limit.
func NewKeep(store Store, maxSize int64) *Keep {
	return &Keep{store: store, maxSize: maxSize}
}

// Watched returns a Keep of the same store that tells w of its calls.
func (k *Keep) Watched(w Watcher) *Keep { return &Keep{k.store, k.maxSize, w} }

// Through returns a Keep of the store that wrap makes of this one's.
func (k *Keep) Through(wrap func(Store) Store) *Keep {
	return &Keep{wrap(k.store), k.maxSize, k.watcher}
}

// Get is Store.Get, with MediaType in Info and in the body. The driver's body
// is made anew for that: what has to happen when it is closed is in the Close
// of its stream.
func (k *Keep) Get(ctx context.Context, key Key, o GetOptions) (*bus.Body, Info, error) {
	if err := checkDocument(key); err != nil {
		return nil, Info{}, failure("get", key, err)
	}
	ctx, c := begin(ctx, k.watcher, Get)
	body, info, err := k.store.Get(ctx, key, o)
	c.answered(err)
	if err != nil {
		c.ended(err)
		return nil, info, failure("get", key, err)
	}
	info.MediaType = MediaType(info.Name)
	body, err = named(body, info.MediaType)
	c.endsWith(body)
	return body, info, err
}

// named returns a body of a driver with its media type.
func named(body *bus.Body, mediaType string) (*bus.Body, error) {
	if body == nil || body.MediaType() == mediaType {
		return body, nil
	}
	if stream := body.Stream(); stream != nil {
		return bus.NewStream(stream, body.Size(), mediaType), nil
	}
	data, err := body.Bytes(body.Size())
	return bus.NewBody(data, mediaType), err
}

// Put is Store.Put, with MediaType in Info. It closes b whatever it returns.
func (k *Keep) Put(ctx context.Context, key Key, b *bus.Body, c Condition) (Info, error) {
	err := checkDocument(key)
	if err == nil && k.maxSize > 0 && b.Size() > k.maxSize {
		err = tooLarge(k.maxSize)
	}
	if err != nil {
		_ = b.Close() // the refusal is what the caller has to know
		return Info{}, failure("put", key, err)
	}
	if k.maxSize > 0 && b.Size() < 0 {
		b = bus.NewStream(&limited{body: b, left: k.maxSize, max: k.maxSize}, -1, b.MediaType())
	}
	ctx, called := begin(ctx, k.watcher, Put)
	info, err := k.store.Put(ctx, key, b, c)
	called.done(err)
	if err != nil {
		return Info{}, failure("put", key, err)
	}
	info.MediaType = MediaType(info.Name)
	return info, nil
}

// Delete is Store.Delete.
func (k *Keep) Delete(ctx context.Context, key Key, c Condition) error {
	err := checkDocument(key)
	if err == nil {
		ctx, called := begin(ctx, k.watcher, Delete)
		err = k.store.Delete(ctx, key, c)
		called.done(err)
	}
	return failure("delete", key, err)
}

// Conditions returns why Put would refuse a condition on a small document, whatever
// it is: an error of status 501 where the store can't compare one, another one
// where that is not known for now. nil: it compares all of them, also where the
// store has no such method. It may write something, which it removes.
func (k *Keep) Conditions(ctx context.Context) error {
	if s, ok := k.store.(interface{ Conditions(context.Context) error }); ok {
		return s.Conditions(ctx)
	}
	return nil
}

// List is Store.List, with MediaType in the Info of documents.
func (k *Keep) List(ctx context.Context, prefix Key, o ListOptions) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := prefix.Check(); err != nil {
			yield(Info{}, failure("list", prefix, err))
			return
		}
		ctx, c := begin(ctx, k.watcher, List)
		var failed error
		defer func() { c.ended(failed) }()
		told := false
		for info, err := range k.store.List(ctx, prefix, o) {
			if !told {
				c.answered(err)
				told = true
			}
			switch {
			case err != nil:
				failed = err
				yield(Info{}, failure("list", prefix, err))
				return
			case !info.Dir:
				info.MediaType = MediaType(info.Name)
			}
			if !yield(info, nil) {
				return
			}
		}
		if !told {
			c.answered(nil)
		}
	}
}

func checkDocument(key Key) error {
	if len(key) == 0 {
		return keyError("a document needs a name: write one after the last slash")
	}
	return key.Check()
}

func failure(operation string, key Key, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", operation, key, err)
}

func tooLarge(limit int64) error {
	return &bus.Error{Status: http.StatusRequestEntityTooLarge, Type: bus.TypeBodyTooLarge,
		Detail: "the body is larger than the limit of " + strconv.FormatInt(limit, 10) + " bytes: send less, or raise maxBody (maxFile for files)"}
}

// limited is the stream of a body that fails once it has given more than max
// bytes.
type limited struct {
	body      *bus.Body
	left, max int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1] // one more byte than may come tells an end from an excess
	}
	n, err := l.body.Stream().Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, tooLarge(l.max)
	}
	return n, err
}

func (l *limited) Close() error { return l.body.Close() }
