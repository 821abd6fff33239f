package adaptortest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// faulty is a good store with one fault: the functions that are set stand in
// for its methods.
type faulty struct {
	adaptors.Store
	get    func(context.Context, adaptors.Key, adaptors.GetOptions) (*bus.Body, adaptors.Info, error)
	put    func(context.Context, adaptors.Key, *bus.Body, adaptors.Condition) (adaptors.Info, error)
	delete func(context.Context, adaptors.Key, adaptors.Condition) error
	list   func(context.Context, adaptors.Key, adaptors.ListOptions) iter.Seq2[adaptors.Info, error]
}

func (f *faulty) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if f.get != nil {
		return f.get(ctx, key, o)
	}
	return f.Store.Get(ctx, key, o)
}

func (f *faulty) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	if f.put != nil {
		return f.put(ctx, key, b, c)
	}
	return f.Store.Put(ctx, key, b, c)
}

func (f *faulty) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if f.delete != nil {
		return f.delete(ctx, key, c)
	}
	return f.Store.Delete(ctx, key, c)
}

func (f *faulty) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	if f.list != nil {
		return f.list(ctx, prefix, o)
	}
	return f.Store.List(ctx, prefix, o)
}

// faults has for each clause what a store that breaks it would do wrong.
var faults = map[string]func(f *faulty){
	"a missing key is fs.ErrNotExist":                                    hidesMissing,
	"a missing key is fs.ErrNotExist through Keep":                       hidesMissing,
	"a directory is no document":                                         opensDirectories,
	"Get gives what Put stored":                                          losesTheLastByte,
	"Get gives the same facts as Put":                                    forgetsTheTime,
	"metadata comes without a body":                                      options(func(o *adaptors.GetOptions) { o.Meta = false }),
	"a range is the bytes that were asked for":                           options(func(o *adaptors.GetOptions) { o.Range = nil }),
	"a range without a byte of the body is ErrRange with the facts":      failsWithoutFacts,
	"a cancelled Get is the error of its context":                        ignoresContext,
	"a reader keeps the old content while the key is replaced":           readsLate,
	"a reader keeps the old content while the key is deleted":            readsLate,
	"Put reads a stream of known and of unknown size":                    storesNoStream,
	"Put replaces all of the old content":                                overwritesInPlace,
	"Put says whether the key was new":                                   neverCreated,
	"Put closes its body whatever it returns":                            neverCloses,
	"a failed Put changes nothing":                                       storesHalf,
	"a body that ends early is an error":                                 ignoresTheSize,
	"a cancelled context leaves nothing behind":                          ignoresContext,
	"a cancelled Delete deletes nothing":                                 ignoresContext,
	"a deleted key is gone":                                              deletesNothing,
	"an ETag is never the same for two contents of a key":                hashesForETags,
	"a Put happens exactly when its condition holds":                     ignoresConditions,
	"a Delete happens exactly when its condition holds":                  ignoresConditions,
	"a listing of nothing is empty":                                      failsOnNoDirectory,
	"a listing is one level in byte order, directories with their slash": ordersBySegment,
	"a listing begins after the name that is given":                      ignoresAfter,
	"a listing ends when its caller has enough":                          neverStops,
	"a listing shows what is there all the while exactly once":           showsTwice,
	"a directory exists exactly while something is below it":             keepsDirectories,
	"hard names are all distinct documents":                              folds,
	"hard names are all distinct directories":                            folds,
	"a key may be deep":                                                  isShallow,
	"of many writers with one ETag exactly one wins":                     comparesBefore,
	"of many creators of a key exactly one wins":                         comparesBefore,
	"of many deleters with one ETag exactly one wins":                    deletesTwice,
	"of a writer and a deleter with one ETag exactly one wins":           comparesBefore,
	"writers that retry on ErrCondition lose no update":                  comparesBefore,
	"a reader beside writers sees one content, whole":                    writesInTwoSteps,
	"writers beside deleters of one directory do not fail":               losesDirectories,
	"any sequence of operations leaves what a map would hold":            ignoresConditions,
}

// TestEveryClauseCanFail puts a store to each clause that breaks it.
func TestEveryClauseCanFail(t *testing.T) {
	for _, clause := range adaptortest.Clauses() {
		t.Run(clause.Name, func(t *testing.T) {
			fault := faults[clause.Name]
			if !assert.NotNil(t, fault, "no fault is written for this clause") {
				return
			}
			store := &faulty{Store: memstore.New()}
			fault(store)
			assert.True(t, fails(clause, store), "the clause holds for a store that breaks it")
		})
	}
	assert.Len(t, faults, len(adaptortest.Clauses()), "faults of clauses that there are not")
}

// recorder notes whether a test failed.
type recorder struct{ failed atomic.Bool }

func (r *recorder) Errorf(string, ...any) { r.failed.Store(true) }
func (r *recorder) Helper()               {}
func (r *recorder) FailNow() {
	r.failed.Store(true)
	panic(r) // recovered by fails
}

// fails reports whether a store fails a clause, also by a panic.
func fails(clause adaptortest.Clause, s adaptors.Store) bool {
	r := &recorder{}
	func() {
		defer func() {
			if recover() != nil {
				r.failed.Store(true)
			}
		}()
		clause.Check(r, s)
	}()
	return r.failed.Load()
}

func hidesMissing(f *faulty) {
	hide := func(err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return errors.New("something went wrong")
		}
		return err
	}
	f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
		b, info, err := f.Store.Get(ctx, key, o)
		return b, info, hide(err)
	}
}

func opensDirectories(f *faulty) {
	f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
		b, info, err := f.Store.Get(ctx, key, o)
		for range f.Store.List(ctx, key, adaptors.ListOptions{}) {
			return bus.NewBody(nil, ""), adaptors.Info{}, nil
		}
		return b, info, err
	}
}

func losesTheLastByte(f *faulty) {
	f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
		b, info, err := f.Store.Get(ctx, key, o)
		data, _ := b.Bytes(1 << 30)
		return bus.NewBody(data[:max(0, len(data)-1)], ""), info, err
	}
}

func forgetsTheTime(f *faulty) {
	f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
		b, info, err := f.Store.Get(ctx, key, o)
		info.ModTime = time.Time{}
		return b, info, err
	}
}

func options(change func(o *adaptors.GetOptions)) func(f *faulty) {
	return func(f *faulty) {
		f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
			change(&o)
			return f.Store.Get(ctx, key, o)
		}
	}
}

func failsWithoutFacts(f *faulty) {
	f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
		b, info, err := f.Store.Get(ctx, key, o)
		if err != nil {
			info = adaptors.Info{}
		}
		return b, info, err
	}
}

func ignoresContext(f *faulty) {
	f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
		return f.Store.Get(context.WithoutCancel(ctx), key, o)
	}
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		return f.Store.Put(context.WithoutCancel(ctx), key, b, c)
	}
	f.delete = func(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
		return f.Store.Delete(context.WithoutCancel(ctx), key, c)
	}
}

// late is a body that looks for its content when it is read.
type late struct {
	io.Reader
	open func() io.Reader
}

func (l *late) Read(p []byte) (int, error) {
	if l.Reader == nil {
		l.Reader = l.open()
	}
	return l.Reader.Read(p)
}

func (l *late) Close() error { return nil }

func readsLate(f *faulty) {
	f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
		_, info, err := f.Store.Get(ctx, key, adaptors.GetOptions{Meta: true})
		open := func() io.Reader {
			b, _, _ := f.Store.Get(ctx, key, o)
			return b.Reader()
		}
		return bus.NewStream(&late{open: open}, info.Size, ""), info, err
	}
}

// putting makes Put store another content than it was given.
func putting(f *faulty, change func(key adaptors.Key, data []byte, b *bus.Body) []byte) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		size := b.Size()
		data, err := b.Bytes(1 << 30)
		if err != nil {
			return adaptors.Info{}, err
		}
		return f.Store.Put(ctx, key, bus.NewBody(change(key, data, bus.NewStream(nil, size, "")), ""), c)
	}
}

func storesNoStream(f *faulty) {
	putting(f, func(_ adaptors.Key, data []byte, was *bus.Body) []byte {
		if was.Size() < 0 {
			return nil
		}
		return data
	})
}

func overwritesInPlace(f *faulty) {
	putting(f, func(key adaptors.Key, data []byte, _ *bus.Body) []byte {
		b, _, err := f.Store.Get(context.Background(), key, adaptors.GetOptions{})
		if old, _ := b.Bytes(1 << 30); err == nil && len(old) > len(data) {
			return slices.Concat(data, old[len(data):])
		}
		return data
	})
}

// result makes Put say something else than what it did.
func result(f *faulty, change func(data []byte, info *adaptors.Info)) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		data, err := b.Bytes(1 << 30)
		if err != nil {
			return adaptors.Info{}, err
		}
		info, err := f.Store.Put(ctx, key, bus.NewBody(data, ""), c)
		change(data, &info)
		return info, err
	}
}

func neverCreated(f *faulty) {
	result(f, func(_ []byte, info *adaptors.Info) { info.Created = false })
}

func hashesForETags(f *faulty) {
	result(f, func(data []byte, info *adaptors.Info) { info.ETag = fmt.Sprint(crc32.ChecksumIEEE(data)) })
}

func neverCloses(f *faulty) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		return f.Store.Put(ctx, key, bus.NewStream(io.NopCloser(b.Reader()), b.Size(), ""), c)
	}
}

func storesHalf(f *faulty) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		data, failed := io.ReadAll(b.Reader())
		info, err := f.Store.Put(ctx, key, bus.NewBody(data, ""), c)
		return info, errors.Join(failed, err)
	}
}

func ignoresTheSize(f *faulty) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		data, err := io.ReadAll(b.Reader())
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return adaptors.Info{}, err
		}
		return f.Store.Put(ctx, key, bus.NewBody(data, ""), c)
	}
}

func deletesNothing(f *faulty) {
	f.delete = func(context.Context, adaptors.Key, adaptors.Condition) error { return nil }
}

func ignoresConditions(f *faulty) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, _ adaptors.Condition) (adaptors.Info, error) {
		return f.Store.Put(ctx, key, b, adaptors.Condition{})
	}
	f.delete = func(ctx context.Context, key adaptors.Key, _ adaptors.Condition) error {
		return f.Store.Delete(ctx, key, adaptors.Condition{})
	}
}

// listing makes List show something else than what there is.
func listing(f *faulty, change func(prefix adaptors.Key, list []adaptors.Info) []adaptors.Info) {
	f.list = func(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
		return func(yield func(adaptors.Info, error) bool) {
			var list []adaptors.Info
			for info := range f.Store.List(ctx, prefix, o) {
				list = append(list, info)
			}
			for _, info := range change(prefix, list) {
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

func failsOnNoDirectory(f *faulty) {
	f.list = func(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
		return func(yield func(adaptors.Info, error) bool) {
			for info, err := range f.Store.List(ctx, prefix, o) {
				yield(info, err)
				return
			}
			yield(adaptors.Info{}, fs.ErrNotExist)
		}
	}
}

func ordersBySegment(f *faulty) {
	listing(f, func(_ adaptors.Key, list []adaptors.Info) []adaptors.Info {
		slices.SortFunc(list, func(a, b adaptors.Info) int { return strings.Compare(a.Name, b.Name) })
		return list
	})
}

func ignoresAfter(f *faulty) {
	f.list = func(ctx context.Context, prefix adaptors.Key, _ adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
		return f.Store.List(ctx, prefix, adaptors.ListOptions{})
	}
}

func neverStops(f *faulty) {
	f.list = func(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
		return func(yield func(adaptors.Info, error) bool) {
			for info, err := range f.Store.List(ctx, prefix, o) {
				yield(info, err)
			}
		}
	}
}

func showsTwice(f *faulty) {
	listing(f, func(_ adaptors.Key, list []adaptors.Info) []adaptors.Info { return append(list, list...) })
}

func keepsDirectories(f *faulty) {
	var mu sync.Mutex
	seen := make(map[string][]adaptors.Info)
	listing(f, func(prefix adaptors.Key, list []adaptors.Info) []adaptors.Info {
		mu.Lock()
		defer mu.Unlock()
		for _, info := range list {
			if info.Dir {
				seen[prefix.String()] = []adaptors.Info{info}
			}
		}
		if len(list) == 0 {
			return seen[prefix.String()]
		}
		return list
	})
}

// keys makes all methods use another key.
func keys(f *faulty, change func(key adaptors.Key) adaptors.Key) {
	f.get = func(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
		return f.Store.Get(ctx, change(key), o)
	}
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		return f.Store.Put(ctx, change(key), b, c)
	}
	f.delete = func(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
		return f.Store.Delete(ctx, change(key), c)
	}
}

func folds(f *faulty) {
	keys(f, func(key adaptors.Key) adaptors.Key {
		folded := slices.Clone(key)
		for i := range folded {
			folded[i] = string(bytes.ToLower([]byte(folded[i])))
		}
		return folded
	})
}

func isShallow(f *faulty) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		if len(key) > 16 {
			return adaptors.Info{}, errors.New("too deep")
		}
		return f.Store.Put(ctx, key, b, c)
	}
}

// compare is a comparison outside of the write's lock, with time for others.
func (f *faulty) compare(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	_, info, err := f.Store.Get(ctx, key, adaptors.GetOptions{Meta: true})
	before := &info
	if errors.Is(err, fs.ErrNotExist) {
		before = nil
	}
	time.Sleep(time.Millisecond)
	return c.Check(before)
}

func comparesBefore(f *faulty) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		if err := f.compare(ctx, key, c); err != nil {
			return adaptors.Info{}, err
		}
		return f.Store.Put(ctx, key, b, adaptors.Condition{})
	}
}

func deletesTwice(f *faulty) {
	f.delete = func(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
		if err := f.compare(ctx, key, c); err != nil {
			return err
		}
		_ = f.Store.Delete(ctx, key, adaptors.Condition{})
		return nil
	}
}

func writesInTwoSteps(f *faulty) {
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		data, err := b.Bytes(1 << 30)
		if err != nil {
			return adaptors.Info{}, err
		}
		if _, err := f.Store.Put(ctx, key, bus.NewBody(data[:len(data)/2], ""), c); err != nil {
			return adaptors.Info{}, err
		}
		time.Sleep(time.Millisecond)
		return f.Store.Put(ctx, key, bus.NewBody(data, ""), c)
	}
}

func losesDirectories(f *faulty) {
	var deletes atomic.Int32
	f.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
		before := deletes.Load()
		time.Sleep(time.Millisecond)
		if deletes.Load() != before {
			return adaptors.Info{}, errors.New("the directory vanished")
		}
		return f.Store.Put(ctx, key, b, c)
	}
	f.delete = func(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
		defer deletes.Add(1)
		return f.Store.Delete(ctx, key, c)
	}
}
