package configstore

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// world is some servers with one configuration, in the time of a synctest
// bubble. Contents are "good 1", "bad 2", and "bad for b 3".
type world struct {
	t     *testing.T
	dice  *rand.Rand
	store adaptors.Store
	calm  bool // nothing goes wrong any more

	mu       sync.Mutex
	applying map[*process]context.Context
	contents int                        // that were put there
	closing  bool                       // the last one was
	bad      map[string]map[string]bool // by content, the servers that found it so
	story    []string
}

var document = adaptors.Key{"conf", "services.json"}

func newWorld(t *testing.T, seed uint64) *world {
	return &world{
		t: t, dice: rand.New(rand.NewPCG(seed, 1)), store: &likeS3{Store: memstore.New()},
		applying: make(map[*process]context.Context), bad: make(map[string]map[string]bool),
	}
}

// upload has an operator put another content there.
func (w *world) upload(content string) {
	w.tell("operator", "puts %s", content)
	_, err := w.store.Put(w.t.Context(), document, bus.NewBody([]byte(content), ""), adaptors.Condition{})
	require.NoError(w.t, err)
}

// next returns a new content; false: there are no more.
func (w *world) next() (content string, ok bool) {
	kind := []string{"good", "good", "bad", "bad for a", "bad for b"}[w.pick(5)]
	w.mu.Lock()
	defer w.mu.Unlock()
	w.contents++
	return fmt.Sprintf("%s %d", kind, w.contents), !w.closing
}

// uploadLast is upload of a good content after which none comes.
func (w *world) uploadLast() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.upload("good last")
}

// record returns what the servers know.
func (w *world) record() *seen {
	s := New(Options{Store: adaptors.NewKeep(w.store, 0), Key: document, Name: "conf", Server: "test"})
	now, err := s.look(w.t.Context())
	require.NoError(w.t, err)
	return now
}

// chance reports whether something happens that does with probability p.
func (w *world) chance(p float64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.calm && w.dice.Float64() < p
}

// some returns a time of up to most.
func (w *world) some(most time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.dice.Int64N(int64(most)))
}

// pick returns a number below n.
func (w *world) pick(n int) int { return int(w.some(time.Duration(n))) }

func (w *world) setCalm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = true
}

func (w *world) tell(who, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.story = append(w.story, fmt.Sprintf("%s %s ", time.Now().Format("04:05.000"), who)+fmt.Sprintf(format, args...))
}

// process is a server from its start to its end or its crash.
type process struct {
	*world
	name   string
	shared *Shared
	life   context.Context
	crash  context.CancelFunc
	ended  chan struct{}
	serves string // guarded by world.mu
}

// start starts a server.
func (w *world) start(name string) *process {
	p := &process{world: w, name: name, ended: make(chan struct{})}
	p.life, p.crash = context.WithCancel(w.t.Context())
	p.shared = New(Options{Store: adaptors.NewKeep(&wire{w.store, p}, 0), Key: document, Name: "conf", Server: name})
	w.tell(name, "starts")
	go p.run()
	return p
}

func (p *process) run() {
	defer close(p.ended)
	for p.life.Err() == nil {
		if err := p.shared.Start(p.life, p.apply); err != nil {
			p.tell(p.name, "does not start: %v", err)
			time.Sleep(time.Second)
			continue
		}
		break
	}
	for p.life.Err() == nil {
		if p.chance(0.03) {
			p.replace()
		}
		_, _ = p.shared.Follow(p.life, p.apply)
		select {
		case <-p.life.Done():
		case <-p.shared.Changed():
		case <-time.After(p.shared.Due()):
		}
	}
}

var errBad = errors.New("it is bad")

// apply takes a content over as a runtime does: first what takes time, then one
// step.
func (p *process) apply(ctx context.Context, data []byte) error {
	p.begin(ctx)
	defer p.end()
	if p.chance(0.1) {
		time.Sleep(p.some(60 * time.Second)) // the machine stands still, and ctx is not looked at
	} else {
		time.Sleep(p.some(2 * time.Second))
	}
	if p.chance(0.05) {
		p.tell(p.name, "crashes while it takes %s over", data)
		p.crash()
	}
	return p.swap(ctx, string(data))
}

// replace has an operator put a content there by way of p, which does as a runtime
// does.
func (p *process) replace() {
	old, err := p.shared.Read(p.life)
	content, ok := p.next()
	if !ok || err != nil || isBad(content, p.name) {
		return
	}
	time.Sleep(p.some(2 * time.Second))
	p.tell(p.name, "is sent %s", content)
	if err = p.shared.Replace(p.life, old, []byte(content)); err == nil {
		err = p.swap(p.life, content)
	}
	p.tell(p.name, "was sent %s: %v", content, err)
}

func (p *process) begin(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.applying[p] = ctx
}

func (p *process) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.applying, p)
}

func (p *process) swap(ctx context.Context, content string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for other, held := range p.applying {
		if other != p && held.Err() == nil && p.serves != "" && other.serves != "" {
			p.story = append(p.story, fmt.Sprintf("%s VIOLATION %s beside %s", time.Now().Format("04:05.000"), p.name, other.name))
			assert.Fail(p.t, "two servers take a configuration over at one time", "%s and %s", p.name, other.name)
		}
	}
	if isBad(content, p.name) {
		p.story = append(p.story, fmt.Sprintf("%s %s finds %s bad", time.Now().Format("04:05.000"), p.name, content))
		if p.serves != "" { // or it starts, and there is no good one yet
			p.found(content)
		}
		return errBad
	}
	p.serves = content
	p.story = append(p.story, fmt.Sprintf("%s %s serves %s", time.Now().Format("04:05.000"), p.name, content))
	return nil
}

// isBad reports whether a server can't take a content over.
func isBad(content, server string) bool {
	who, one := strings.CutPrefix(content, "bad for ")
	return one && strings.HasPrefix(who, server) || !one && strings.HasPrefix(content, "bad ")
}

// found notes that a content is bad. The caller holds mu.
func (p *process) found(content string) {
	if p.bad[content] == nil {
		p.bad[content] = make(map[string]bool)
	}
	p.bad[content][p.name] = true
}

// wire is what is between a server and the store: it loses and delays requests
// and answers.
type wire struct {
	adaptors.Store
	p *process
}

var errWire = &bus.Error{Status: 503, Detail: "the wire is cut"}

// pass makes a call, or something else.
func (w *wire) pass(ctx context.Context, call func()) error {
	if w.p.chance(0.01) {
		w.p.tell(w.p.name, "crashes before a call")
		w.p.crash()
	}
	if w.p.life.Err() != nil {
		return w.p.life.Err()
	}
	switch {
	case w.p.chance(0.03):
		return errWire
	case w.p.chance(0.02), w.p.hampered() && w.p.chance(0.5):
		return w.late(ctx, call)
	}
	time.Sleep(w.p.some(50 * time.Millisecond))
	call()
	if w.p.chance(0.01) {
		w.p.tell(w.p.name, "crashes after a call")
		w.p.crash()
	}
	if w.p.chance(0.02) {
		return errWire // the answer is lost
	}
	return w.p.life.Err()
}

// hampered reports whether the way from a server to the store is bad: now and then
// for a minute.
func (p *process) hampered() bool { return (time.Now().Unix()/60+int64(p.name[0]))%8 == 0 }

// late makes a call that comes late, or its answer, maybe when nobody waits for it
// any more.
func (w *wire) late(ctx context.Context, call func()) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(w.p.some(20 * time.Second))
		call()
		time.Sleep(w.p.some(20 * time.Second))
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *wire) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (body *bus.Body, info adaptors.Info, err error) {
	type answer struct {
		body *bus.Body
		info adaptors.Info
		err  error
	}
	answered := make(chan answer, 1)
	err = w.pass(ctx, func() {
		body, info, err := w.Store.Get(context.WithoutCancel(ctx), key, o)
		answered <- answer{body, info, err}
	})
	if err != nil {
		return nil, adaptors.Info{}, err
	}
	a := <-answered
	return a.body, a.info, a.err
}

func (w *wire) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	type answer struct {
		info adaptors.Info
		err  error
	}
	answered := make(chan answer, 1)
	err := w.pass(ctx, func() {
		info, err := w.Store.Put(context.WithoutCancel(ctx), key, b, c)
		answered <- answer{info, err}
	})
	if err != nil {
		return adaptors.Info{}, err
	}
	a := <-answered
	w.p.tell(w.p.name, "writes the record: %v", a.err)
	return a.info, a.err
}

// seeds returns how many worlds there are.
func seeds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("RESTSPACE_ROLLOUTS"), 10, 64); err == nil {
		return n
	}
	return 60
}

func TestRolloutsWhateverFails(t *testing.T) {
	for seed := range seeds() {
		synctest.Test(t, func(t *testing.T) { troubled(t, seed) })
		if t.Failed() {
			break
		}
	}
}

// troubled has servers come, go and crash while contents are put there. In the
// end nothing goes wrong any more, and all have to have the last good one.
func troubled(t *testing.T, seed uint64) {
	w := newWorld(t, seed)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d:\n%s", seed, strings.Join(w.story, "\n"))
		}
	}()
	w.upload("good 0")
	servers := make([]*process, 1+w.pick(6))
	for i := range servers {
		servers[i] = w.start(string(rune('a' + i)))
	}
	for range 1 + w.pick(8) {
		content, _ := w.next()
		w.upload(content)
		for end := time.Now().Add(w.some(90 * time.Second)); time.Now().Before(end); time.Sleep(time.Second) {
			w.again(servers)
		}
	}
	w.uploadLast()
	for range 30 {
		time.Sleep(time.Second)
		w.again(servers)
	}
	w.setCalm()
	w.again(servers)
	w.converge(servers)
	for _, p := range servers {
		p.crash()
		<-p.ended
	}
	time.Sleep(time.Minute) // for what is still on the wire
}

// again starts servers that have crashed.
func (w *world) again(servers []*process) {
	for i, p := range servers {
		if p.life.Err() != nil && !w.chance(0.5) {
			<-p.ended
			servers[i] = w.start(p.name)
		}
	}
}

// converge waits until all servers have the last content. Where a server crashed
// while it was the first to try it, an operator puts it there again.
func (w *world) converge(servers []*process) {
	time.Sleep(2 * time.Minute)
	if f := w.record().Failed; f != nil {
		assert.True(w.t, f.Absent, "a good one failed: %s", f.Error)
		w.upload("good last")
		time.Sleep(2 * time.Minute)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range servers {
		assert.Equal(w.t, "good last", p.serves, p.name)
		assert.NoError(w.t, p.shared.Health(), p.name)
	}
	for content, by := range w.bad {
		assert.Len(w.t, by, 1, "%s was tried by more than one server", content)
	}
}

// likeS3 is a store that tells contents apart as a bucket does: by a hash of their
// bytes, and by a time in whole seconds.
type likeS3 struct {
	*memstore.Store
	mu sync.Mutex // held by who writes
}

func asS3(body *bus.Body, info adaptors.Info, err error) (*bus.Body, adaptors.Info, error) {
	if err != nil {
		return body, info, err
	}
	data, err := body.Bytes(info.Size)
	hash := fnv.New64a()
	_, _ = hash.Write(data)
	info.ETag, info.ModTime = strconv.FormatUint(hash.Sum64(), 36), info.ModTime.Truncate(time.Second)
	return body, info, err
}

func (s *likeS3) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	body, info, err := asS3(s.Store.Get(ctx, key, adaptors.GetOptions{}))
	if o.Meta {
		body = nil
	}
	return body, info, err
}

func (s *likeS3) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, info, err := s.Get(ctx, key, adaptors.GetOptions{})
	there := &info
	if err != nil {
		there = nil
	}
	if err := c.Check(there); err != nil {
		return adaptors.Info{}, err
	}
	if _, err := s.Store.Put(ctx, key, b, adaptors.Condition{}); err != nil {
		return adaptors.Info{}, err
	}
	_, info, err = s.Get(ctx, key, adaptors.GetOptions{})
	return info, err
}
