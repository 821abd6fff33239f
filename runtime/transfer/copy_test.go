package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/transfer"
)

// contents are the texts of documents by key, with "|" between its segments.
type contents map[string]string

func keyOf(text string) adaptors.Key { return strings.Split(text, "|") }

// fill puts documents into a store, and returns it.
func fill(t require.TestingT, s adaptors.Store, c contents) adaptors.Store {
	for key, text := range c {
		_, err := s.Put(context.Background(), keyOf(key), bus.NewBody([]byte(text), ""), adaptors.Condition{})
		require.NoError(t, err, key)
	}
	return s
}

// contentsOf returns all that a store holds.
func contentsOf(t require.TestingT, s adaptors.Store) contents {
	all := contents{}
	var walk func(prefix adaptors.Key)
	walk = func(prefix adaptors.Key) {
		for info, err := range s.List(context.Background(), prefix, adaptors.ListOptions{}) {
			require.NoError(t, err)
			key := append(slices.Clone(prefix), info.Name)
			if info.Dir {
				walk(key)
				continue
			}
			body, _, err := s.Get(context.Background(), key, adaptors.GetOptions{})
			require.NoError(t, err)
			data, err := body.Bytes(1 << 20)
			require.NoError(t, err)
			all[strings.Join(key, "|")] = string(data)
		}
	}
	walk(nil)
	return all
}

// copyOf returns a Copy of one store to another, and what it tells as a list of
// texts.
func copyOf(from, to adaptors.Store) (*transfer.Copy, func() []string) {
	var told []string
	c := &transfer.Copy{From: adaptors.NewKeep(from, 0), To: adaptors.NewKeep(to, 0), Workers: 4}
	c.Told = func(s transfer.Step) {
		switch s.Action {
		case transfer.Failed:
			told = append(told, s.Err.Error())
		default:
			told = append(told, [...]string{"copied ", "equal ", "removed "}[s.Action]+s.Key.String())
		}
	}
	return c, func() []string { slices.Sort(told); return told }
}

func openFiles(t *testing.T) adaptors.Store {
	s, err := filestore.Open(filestore.Config{Root: t.TempDir(), Durability: filestore.None}, adaptors.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestCopy(t *testing.T) {
	from := contents{"a": "1", "b|c": "2", "b|d|e.json": "3", "z/%": "4", "same": "x", "size": "xx", "text": "x"}
	to := contents{"same": "x", "size": "x", "text": "y", "b|old": "5", "old|a|b": "6"}
	steps := []string{"copied a", "copied b/c", "copied b/d/e.json", "copied size", "copied text", "copied z%2F%25", "equal same"}
	removed := []string{"removed b/old", "removed old/a/b"}
	both := maps.Clone(to)
	maps.Copy(both, from)
	for what, test := range map[string]struct {
		set    func(*transfer.Copy)
		told   []string
		want   contents
		counts transfer.Counts
	}{
		"plain":     {func(*transfer.Copy) {}, steps, both, transfer.Counts{Copied: 6, Equal: 1, Bytes: 7}},
		"no verify": {func(c *transfer.Copy) { c.NoVerify = true }, steps, both, transfer.Counts{Copied: 6, Equal: 1, Bytes: 7}},
		"delete": {func(c *transfer.Copy) { c.Delete = true }, slices.Concat(steps, removed), from,
			transfer.Counts{Copied: 6, Equal: 1, Removed: 2, Bytes: 7}},
		"dry run": {func(c *transfer.Copy) { c.Delete, c.DryRun = true, true }, slices.Concat(steps, removed), to,
			transfer.Counts{Copied: 6, Equal: 1, Removed: 2}},
	} {
		t.Run(what, func(t *testing.T) {
			source, target := fill(t, memstore.New(), from), fill(t, openFiles(t), to)
			c, told := copyOf(source, target)
			test.set(c)
			require.NoError(t, c.Run(t.Context()))
			assert.Equal(t, test.told, told())
			assert.Equal(t, test.counts, c.Counts())
			assert.Equal(t, test.want, contentsOf(t, target))
			assert.Equal(t, from, contentsOf(t, source))
		})
	}
}

func TestAnyStoresAreEqualAfterCopy(t *testing.T) {
	files, others := openFiles(t), openFiles(t)
	segment := rapid.SampledFrom([]string{"a", "a.", "a/b", "b", ".x", "%2E", "ü", "A"})
	name := rapid.Custom(func(t *rapid.T) string { // a key is no other's prefix: documents begin with ":"
		dirs := rapid.SliceOfN(segment, 0, 2).Draw(t, "dirs")
		return strings.Join(append(dirs, ":"+segment.Draw(t, "name")), "|")
	})
	documents := rapid.MapOfN(name, rapid.SampledFrom([]string{"", "x", "y", "xx", strings.Repeat("x", 100_000)}), 1, 12)
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.SampledFrom([]adaptors.Store{memstore.New(), files}).Draw(t, "from")
		to := rapid.SampledFrom([]adaptors.Store{memstore.New(), others}).Draw(t, "to")
		empty(t, files)
		empty(t, others)
		wanted := documents.Draw(t, "documents")
		fill(t, from, wanted)
		fill(t, to, documents.Draw(t, "before"))

		c, told := copyOf(from, to)
		c.Delete = true
		c.Workers = rapid.IntRange(1, 4).Draw(t, "workers")
		require.NoError(t, c.Run(context.Background()), told())
		assert.Equal(t, contents(wanted), contentsOf(t, to))

		again, _ := copyOf(from, to)
		again.Delete = true
		require.NoError(t, again.Run(context.Background()))
		assert.Equal(t, transfer.Counts{Equal: int64(len(wanted))}, again.Counts())
	})
}

func empty(t require.TestingT, s adaptors.Store) {
	for key := range contentsOf(t, s) {
		require.NoError(t, s.Delete(context.Background(), keyOf(key), adaptors.Condition{}))
	}
}

// faulty is a store of which some operations fail or are wrong, by "get a|b".
type faulty struct {
	adaptors.Store
	faults map[string]error
	breaks string // key whose body breaks off
	mangle string // key that is stored with another text
	hides  string // name that listings leave out
}

var errDisk = errors.New("the disk is on fire")

func (f faulty) fault(operation string, key adaptors.Key) error {
	return f.faults[operation+" "+strings.Join(key, "|")]
}

func (f faulty) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if err := f.fault("get", key); err != nil {
		return nil, adaptors.Info{}, err
	}
	body, info, err := f.Store.Get(ctx, key, o)
	if err == nil && !o.Meta && f.breaks == strings.Join(key, "|") {
		broken := io.MultiReader(strings.NewReader("ha"), failing{errDisk})
		body = bus.NewStream(io.NopCloser(broken), info.Size, "")
	}
	return body, info, err
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func (f faulty) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	if err := f.fault("put", key); err != nil {
		return adaptors.Info{}, errors.Join(err, b.Close())
	}
	if f.mangle == strings.Join(key, "|") {
		data, _ := b.Bytes(100)
		b = bus.NewBody([]byte(strings.Repeat("?", len(data))), "")
	}
	return f.Store.Put(ctx, key, b, c)
}

func (f faulty) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if err := f.fault("delete", key); err != nil {
		return err
	}
	return f.Store.Delete(ctx, key, c)
}

func (f faulty) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		if err := f.fault("list", prefix); err != nil {
			yield(adaptors.Info{}, err)
			return
		}
		for info, err := range f.Store.List(ctx, prefix, o) {
			if (err != nil || info.Name != f.hides) && !yield(info, err) {
				return
			}
		}
	}
}

// Each failure is told with its store and key, and the others are copied.
func TestFailures(t *testing.T) {
	long := &bus.Error{Status: 400, Detail: "the name is too long for this store", Err: adaptors.ErrKey}
	for what, test := range map[string]struct {
		from, to faulty
		before   contents
		failed   string
		lost     []string // keys that are not copied
	}{
		"get":             {from: faulty{faults: map[string]error{"get b|c": errDisk}}, failed: "FROM: get b/c: the disk is on fire", lost: []string{"b|c"}},
		"body":            {from: faulty{breaks: "b|c"}, failed: "FROM: get b/c: the disk is on fire", lost: []string{"b|c"}},
		"list of FROM":    {from: faulty{faults: map[string]error{"list b": errDisk}}, failed: "FROM: list b: the disk is on fire", lost: []string{"b|c", "b|d"}},
		"list of TO":      {to: faulty{faults: map[string]error{"list b": errDisk}}, failed: "TO: list b: the disk is on fire", lost: []string{"b|c", "b|d"}},
		"name":            {to: faulty{faults: map[string]error{"put b|c": long}}, failed: "TO: put b/c: the name is too long for this store: the name can't be stored", lost: []string{"b|c"}},
		"in the way":      {before: contents{"b": "x"}, failed: "TO: put b/c: file already exists: a document and a directory can't have one name there: remove the one that is in the way", lost: []string{"b|c", "b|d"}},
		"wrong content":   {to: faulty{mangle: "b|c"}, failed: "TO: get b/c: what was written comes back with another hash (SHA-256): run the copy again"},
		"reading back":    {to: faulty{faults: map[string]error{"get b|c": errDisk}}, failed: "TO: get b/c: the disk is on fire"},
		"body comes back": {to: faulty{breaks: "b|c"}, failed: "TO: get b/c: the disk is on fire"},
		"equal":           {to: faulty{breaks: "b|c"}, before: contents{"b|c": "halves"}, failed: "TO: get b/c: the disk is on fire"},
	} {
		t.Run(what, func(t *testing.T) {
			all := contents{"a": "1", "b|c": "halves", "b|d": "3", "e": "4"}
			test.from.Store, test.to.Store = fill(t, memstore.New(), all), fill(t, memstore.New(), test.before)
			fill(t, test.to.Store, contents{"only": "there"})
			c, told := copyOf(test.from, test.to)
			c.Delete = true
			assert.ErrorIs(t, c.Run(t.Context()), transfer.ErrFailures)
			assert.Contains(t, told(), test.failed)
			assert.NotZero(t, c.Counts().Failed)
			got := contentsOf(t, test.to.Store)
			for key := range all {
				_, copied := got[key]
				assert.Equal(t, !slices.Contains(test.lost, key), copied, key)
			}
			assert.Contains(t, got, "only", "nothing is removed after a failure")
		})
	}
}

// cut is a store whose bodies end early.
type cut struct{ adaptors.Store }

func (c cut) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	_, info, err := c.Store.Get(ctx, key, o)
	return bus.NewStream(io.NopCloser(strings.NewReader("ha")), info.Size, ""), info, err
}

func TestWhatEndsEarlyIsNotEqual(t *testing.T) {
	from, to := fill(t, memstore.New(), contents{"a": "halves"}), fill(t, memstore.New(), contents{"a": "hacked"})
	c, told := copyOf(cut{from}, cut{to})
	require.NoError(t, c.Run(t.Context()))
	assert.Equal(t, []string{"FROM: get a: unexpected EOF"}, told())
}

func TestFailuresToRemove(t *testing.T) {
	all := contents{"a": "1", "b": "2"}
	t.Run("delete", func(t *testing.T) {
		to := faulty{Store: fill(t, memstore.New(), contents{"x": "", "y": ""}), faults: map[string]error{"delete x": errDisk}}
		c, told := copyOf(fill(t, memstore.New(), all), to)
		c.Delete = true
		require.NoError(t, c.Run(t.Context()))
		assert.Equal(t, []string{"TO: delete x: the disk is on fire", "copied a", "copied b", "removed y"}, told())
		assert.Equal(t, int64(1), c.Counts().Failed)
	})
	t.Run("a listing that leaves a document out", func(t *testing.T) {
		from := faulty{Store: fill(t, memstore.New(), all), hides: "b"}
		to := fill(t, memstore.New(), all)
		c, told := copyOf(from, to)
		c.Delete = true
		require.NoError(t, c.Run(t.Context()))
		assert.Equal(t, []string{"FROM: list: b was left out, though it is there: it stays in TO", "equal a"}, told())
		assert.Equal(t, all, contentsOf(t, to))
	})
	t.Run("FROM does not know", func(t *testing.T) {
		from := faulty{Store: fill(t, memstore.New(), contents{"a": "1"}), faults: map[string]error{"get b": errDisk}}
		to := fill(t, memstore.New(), all)
		c, told := copyOf(from, to)
		c.Delete = true
		require.NoError(t, c.Run(t.Context()))
		assert.Equal(t, []string{"FROM: get b: the disk is on fire", "equal a"}, told())
		assert.Equal(t, all, contentsOf(t, to))
	})
	t.Run("empty FROM", func(t *testing.T) {
		to := fill(t, memstore.New(), all)
		c, told := copyOf(memstore.New(), to)
		c.Delete = true
		assert.ErrorIs(t, c.Run(t.Context()), transfer.ErrEmptyFrom)
		assert.Empty(t, told())
		assert.Equal(t, all, contentsOf(t, to))
	})
}

// slow is a store whose writes wait until they may go on.
type slow struct {
	adaptors.Store
	begun, on chan struct{}
}

func (s slow) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	s.begun <- struct{}{}
	<-s.on
	return s.Store.Put(ctx, key, b, c)
}

// An interrupted copy ends what is under way, begins nothing more, and goes on
// when it is run again.
func TestInterrupted(t *testing.T) {
	all := contents{}
	for i := range 50 {
		all[fmt.Sprintf("dir|%d", i)] = strings.Repeat("x", i)
	}
	from, to := fill(t, memstore.New(), all), memstore.New()
	fill(t, to, contents{"old": "x"})
	waiting := slow{Store: to, begun: make(chan struct{}), on: make(chan struct{})}
	c, told := copyOf(from, waiting)
	c.Delete = true
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	for range c.Workers {
		<-waiting.begun
	}
	cancel()
	close(waiting.on)
	require.ErrorIs(t, <-ended, context.Canceled)
	assert.Len(t, told(), c.Workers)
	assert.Equal(t, int64(c.Workers), c.Counts().Copied)
	assert.Len(t, contentsOf(t, to), c.Workers+1)

	again, _ := copyOf(from, to)
	again.Delete = true
	require.NoError(t, again.Run(t.Context()))
	assert.Equal(t, int64(c.Workers), again.Counts().Equal)
	assert.Equal(t, all, contentsOf(t, to))
}

// endless is a store of one large document, of which it keeps nothing.
type endless struct{ adaptors.Store }

const large = 256 << 20

func (endless) Get(_ context.Context, key adaptors.Key, _ adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	return bus.NewStream(io.NopCloser(zeros{}), large, ""), adaptors.Info{Name: key[0], Size: large}, nil
}

func (endless) Put(_ context.Context, key adaptors.Key, b *bus.Body, _ adaptors.Condition) (adaptors.Info, error) {
	_, err := io.Copy(io.Discard, b.Reader())
	return adaptors.Info{Name: key[0], Size: large}, errors.Join(err, b.Close())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestMemoryIsConstant(t *testing.T) {
	c, told := copyOf(endless{fill(t, memstore.New(), contents{"large": ""})}, endless{memstore.New()})
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	require.NoError(t, c.Run(t.Context()))
	goruntime.ReadMemStats(&after)
	assert.Equal(t, []string{"copied large"}, told())
	assert.Equal(t, int64(large), c.Counts().Bytes)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "bytes allocated for a document of %d", large)
}
