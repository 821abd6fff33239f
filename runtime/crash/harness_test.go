package crash

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A harness crashes servers in one place, over and over, while clients write.
type harness struct {
	*place
	*journal
	random  *rand.Rand
	crashes int
	begun   time.Time
}

func newHarness(t *testing.T, p *place) *harness {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("the seed is %d", seed)
	return &harness{place: p, journal: newJournal(), random: rand.New(rand.NewPCG(seed, 0)), begun: time.Now()}
}

// crash has clients write to a server for a while, until end ends it.
func (h *harness) crash(s *server, end func()) {
	before := h.count(acknowledged)
	var clients sync.WaitGroup
	for i := range 8 + h.random.IntN(maxClients-7) {
		c := newClient(s, h.journal, i, rand.New(rand.NewPCG(h.random.Uint64(), uint64(i))))
		clients.Go(c.run)
	}
	time.Sleep(20*time.Millisecond + rand.N(780*time.Millisecond))
	if h.unsafe != "" {
		h.await(before + enough)
	}
	s.ending.Store(true)
	end()
	clients.Wait()
	h.crashes++
}

// enough is how many writes a control acknowledges before it is crashed, so that
// it has something to lose: on a busy machine few are done in the time.
const enough = 300

// await waits until so many writes were acknowledged, or too much time is over.
func (h *harness) await(writes int) {
	for deadline := time.Now().Add(patience); h.count(acknowledged) < writes && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
}

// verify looks at all documents that were ever written to, and at the listings.
func (h *harness) verify(t *testing.T, s *server) {
	t.Helper()
	var readers sync.WaitGroup
	var mu sync.Mutex
	there := make(map[string][]string) // by mount
	paths := slices.Sorted(maps.Keys(h.records))
	next := make(chan string)
	for range 8 {
		readers.Go(func() {
			for path := range next {
				c := &client{server: s, journal: h.journal, seen: make(map[string]*version)}
				c.read(path)
				v := c.seen[path]
				if v == nil {
					continue // the journal has it
				}
				h.found(path, v.content, v.tag)
				if v.content != "" {
					mount, name := split(path)
					mu.Lock()
					there[mount] = append(there[mount], name)
					mu.Unlock()
				}
			}
		})
	}
	for _, path := range paths {
		next <- path
	}
	close(next)
	readers.Wait()
	for _, mount := range roots {
		slices.Sort(there[mount])
		if listed := s.list(t, mount); !slices.Equal(there[mount], listed) {
			h.fault("/%s/: the listing is %q, the documents are %q", mount, listed, there[mount])
		}
	}
}

// split returns the mount of a path, and the name that its listing has for it.
func split(document string) (mount, name string) {
	mount, name, _ = strings.Cut(strings.TrimPrefix(document, "/"), "/")
	if mount == "json" && path.Ext(name) == "" {
		name += ".json"
	}
	return mount, name
}

// list lists all documents of a mount.
func (s *server) list(t *testing.T, mount string) []string {
	t.Helper()
	reply, body, err := s.request(http.MethodGet, "/"+mount+"/?$list=recursive,nodirs", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, reply.StatusCode, "%s", body)
	var names []string
	require.NoError(t, json.Unmarshal(body, &names))
	slices.Sort(names)
	return names
}

// summary says what was done.
func (h *harness) summary(what string) string {
	return fmt.Sprintf("%s: %d writes acknowledged, %d refused, %d unanswered; %d crashes; %d losses; %s",
		what, h.total[acknowledged], h.total[refused], h.total[unknown], h.crashes, len(h.faults), time.Since(h.begun).Round(100*time.Millisecond))
}

// report fails the test for what was lost, or, if that is a control, for what
// was not.
func (h *harness) report(t *testing.T, what string) {
	t.Helper()
	t.Log(h.summary(what))
	for i, fault := range h.faults {
		if i == 10 {
			break
		}
		if h.unsafe == "" {
			t.Error(fault)
		} else {
			t.Log("as it should be: " + fault)
		}
	}
	if h.unsafe != "" && len(h.faults) == 0 {
		t.Errorf("a server that leaves out %s loses nothing that is found", h.unsafe)
	}
}
