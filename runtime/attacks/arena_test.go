package attacks

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arena is a server of the fixture, with all that the requests of raw rows
// speak of.
type arena struct {
	*server
	canary   *canary
	upstream *upstream // behind /proxy/up, where that is mounted
	tokens   map[string]string
}

func newArena(t *testing.T) *arena {
	t.Helper()
	p := newPlace(t)
	p.seed(t)
	return p.arena(t)
}

// newOutgoingArena has the mounts that lead to other servers, and the
// pipelines, too.
func newOutgoingArena(t *testing.T) *arena {
	t.Helper()
	p, u := newPlace(t), newUpstream(t)
	p.seed(t)
	p.configure(t, withMount(t, append(u.mounts(), pipelines()...)...))
	a := p.arena(t)
	a.upstream, u.canary = u, a.canary.Addr()
	return a
}

// arena starts a server in the place, with a canary beside it.
func (p *place) arena(t *testing.T) *arena {
	t.Helper()
	a := &arena{canary: newCanary(t), tokens: make(map[string]string)}
	p.canary = a.canary.Addr().String()
	for _, name := range tokenNames() {
		a.tokens[name] = p.token(t, name)
	}
	a.server = p.start(t)
	return a
}

// expander returns the meaning of the macros.
func (a *arena) expander() *expander {
	fixed := func(s string) func(string) (string, error) {
		return func(string) (string, error) { return s, nil }
	}
	return &expander{words: map[string]func(string) (string, error){
		"HOST":   fixed(a.address),
		"CANARY": fixed(a.canary.Addr().String()),
		"CANARY_PORT": func(string) (string, error) {
			_, port, err := net.SplitHostPort(a.canary.Addr().String())
			return port, err
		},
		"APIKEY":        fixed("no-key-is-one-here"),
		"APIKEY_PREFIX": fixed("no-key-i"),
		"TOKEN": func(name string) (string, error) {
			token, ok := a.tokens[name]
			if !ok {
				return "", fmt.Errorf("there is no token %q", name)
			}
			return token, nil
		},
		"ETAG": func(name string) (string, error) {
			reply, err := a.try("GET", "/json/"+name, a.admin, "")
			if err != nil {
				return "", err
			}
			return strings.Trim(reply.header.Get("Etag"), `"`), nil
		},
	}}
}

// secrets are the tokens, which nothing may show.
func (a *arena) secrets() []string {
	list := []string{a.admin}
	for _, token := range a.tokens {
		list = append(list, token)
	}
	return list
}

// assertAlive is the rule that a server has survived an attack: it answers
// within a second, and is the same process.
func (a *arena) assertAlive(t *testing.T) {
	t.Helper()
	require.False(t, a.gone(), "the server ended; log: %s", a.logged())
	reply := a.request(t, "GET", "/pub/hello", "", "")
	assert.Equal(t, 200, reply.status, "GET /pub/hello afterwards")
	assert.Less(t, reply.took, scaled(time.Second), "GET /pub/hello afterwards")
}

// What a server may keep after an area of attacks.
const (
	keptDescriptors = 10
	keptThreads     = 20
	keptMB          = 32
)

// assertSettled is the rule that within 5 seconds a server has no more of the
// system than before.
func (a *arena) assertSettled(t *testing.T, before vitals, keptMB int) {
	t.Helper()
	var now vitals
	settled := func() bool {
		now = a.vitals(t)
		return now.descriptors <= before.descriptors+keptDescriptors && now.threads <= before.threads+keptThreads &&
			now.rssMB <= before.rssMB+keptMB*slowness && len(a.temporary(t)) == 0
	}
	for end := time.Now().Add(5 * time.Second); !settled() && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	assert.True(t, settled(), "before: %+v, now: %+v, temporary files: %v", before, now, a.temporary(t))
}

// scaled is a time limit, longer where the race detector slows all down.
func scaled(d time.Duration) time.Duration { return 5 * d * slowness } // what hangs takes longer, and a busy machine does not
