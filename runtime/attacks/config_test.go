package attacks

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// place of a fault in messages: file:line:col.
const position = `services\.json:\d+:\d+: `

// assertRefused holds a configuration to be refused alike by a reload, which
// leaves what is served as it is, by check, and by a start.
func (a *arena) assertRefused(t *testing.T, config, says string) {
	t.Helper()
	from := a.logEnd(t) // a reload that began before may be told first
	a.configure(t, config)
	a.signal(t, syscall.SIGHUP)
	a.awaitLog(t, from, says+`[\s\S]*`+saysRefused)
	a.assertAlive(t)
	assert.Equal(t, 404, a.get(t, "/new/x").status, "nothing of it is served")
	for _, command := range []string{"check", "serve"} {
		out, err := program(a.place, command, "--config", "services.json").CombinedOutput()
		assert.Error(t, err, command)
		assert.Regexp(t, says, string(out), command)
		assert.NotContains(t, string(out), "goroutine ", command)
	}
	written, err := os.ReadFile(filepath.Join(a.dir, "services.json"))
	require.NoError(t, err)
	assert.Equal(t, config, string(written), "the file")
}

// withMount returns the fixture's configuration with more mounts.
func withMount(t *testing.T, mounts ...string) string {
	t.Helper()
	config := fixtureConfig(t)
	end := strings.LastIndex(config, "\n  ]")
	return config[:end] + ",\n" + strings.Join(mounts, ",\n") + config[end:]
}

// mount is a service of the Kind json in a directory of its own, with the
// roles given, such as `"readRoles": "all"`.
func mount(base, name, roles string) string {
	if roles != "" {
		roles = ", " + roles
	}
	return fmt.Sprintf(`{"name": %q, "basePath": %q, "service": "json", "adaptor": "file", "adaptorConfig": {"root": %q}%s}`,
		name, base, "data/"+name, roles)
}

const forAll = `"readRoles": "all", "writeRoles": "all"`

// configInvalid is CONFIG-001.
func configInvalid(t *testing.T, _ attack) {
	a := newArena(t)
	for name, config := range map[string]string{
		"cut":     fixtureConfig(t)[:400],
		"trailer": fixtureConfig(t) + "}",
		"text":    "hello",
	} {
		t.Run(name, func(t *testing.T) { a.assertRefused(t, config, position) })
	}
	t.Run("empty", func(t *testing.T) { a.assertRefused(t, "", `services\.json`) })
}

// configUnknownKind is CONFIG-002.
func configUnknownKind(t *testing.T, _ attack) {
	unknown := strings.Replace(mount("/new", "new", forAll), `"json"`, `"jsn"`, 1)
	newArena(t).assertRefused(t, withMount(t, unknown), position+`/services/8.*jsn.*json`)
}

// configSameBase is CONFIG-004, but for letters of another case: these are
// other paths.
func configSameBase(t *testing.T, _ attack) {
	a := newArena(t)
	const same = `the service at line \d+, column \d+ has the same base path /new`
	for other, says := range map[string]string{"/new": same, "/new/": same, "/%6eew": same, "/new%2f": `leave out the last %2F`} {
		t.Run(strings.ReplaceAll(other, "/", "_"), func(t *testing.T) {
			a.assertRefused(t, withMount(t, mount("/new", "one", forAll), mount(other, "two", forAll)), position+`/services/9/basePath: .*`+says)
		})
	}
	t.Run("apart", func(t *testing.T) {
		a.reload(t, withMount(t, mount("/new", "one", forAll), mount("/New", "two", forAll)), saysLoaded)
		for path, name := range map[string]string{"/new/x": "one", "/New/x": "two"} {
			assert.Equal(t, name, a.get(t, path).header.Get("X-Restspace-Service"), path)
		}
	})
}

// configNoRule is CONFIG-006.
func configNoRule(t *testing.T, _ attack) {
	a := newArena(t)
	a.assertRefused(t, withMount(t, mount("/new", "new", "")), position+`/services/8.*readRoles`)
	a.reload(t, withMount(t, mount("/new", "new", `"readRoles": "all"`)), saysLoaded)
	assert.Equal(t, 403, a.put(t, "/new/x", "{}").status, "without writeRoles nobody writes")
}

// configHuge is CONFIG-008.
func configHuge(t *testing.T, _ attack) {
	many := func(n int) string {
		return `{"services": [` + strings.Repeat(`{"name": "n", "basePath": "/n", "service": "lib", "readRoles": "all"},`+"\n", n) + "]}"
	}
	for name, row := range map[string]struct{ config, says string }{
		"100 MB":       {`{"services": []}` + strings.Repeat(" ", 100<<20), "16 MiB"},
		"1e6 services": {many(1e6), "16 MiB"},
		"1e5 deep":     {`{"services": [` + strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5) + "]}", "inside one another"},
		"10,001":       {many(10_001), "at most 10000"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.configure(t, row.config)
			start := time.Now()
			out, err := program(p, "check", "--config", "services.json").CombinedOutput()
			assert.Error(t, err)
			assert.Less(t, time.Since(start), scaled(2*time.Second))
			assert.Less(t, len(out), 10_000, "the message")
			assert.NotContains(t, string(out), "goroutine ")
			assert.Regexp(t, `services\.json.*`+row.says, string(out))
		})
	}
}

// configPortInUse is CONFIG-015.
func configPortInUse(t *testing.T, _ attack) {
	a := newArena(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	before := a.vitals(t)
	for i := range 2 * keptDescriptors { // what one of them leaves open would not be seen
		config := withMount(t, mount("/new", fmt.Sprintf("new%d", i), forAll))
		message := a.reload(t, replaced(t, config, "127.0.0.1:0", taken.Addr().String()), saysRefused)
		assert.Contains(t, message, taken.Addr().String())
	}
	a.assertAlive(t)
	assert.Equal(t, 404, a.get(t, "/new/x").status, "nothing of it is served")
	a.assertSettled(t, before, keptMB)
	a.reload(t, withMount(t, mount("/new", "new0", forAll)), saysLoaded)
	assert.Equal(t, 201, a.put(t, "/new/x", "{}").status)
}

// configOneFails is CONFIG-016.
func configOneFails(t *testing.T, _ attack) {
	mounts := make([]string, 20)
	for i := range mounts {
		mounts[i] = mount(fmt.Sprintf("/m%d", i), fmt.Sprintf("m%d", i), forAll)
	}
	broken := func(p *place) {
		require.NoError(t, os.WriteFile(p.data("m7"), []byte("not a directory"), 0o600))
	}
	t.Run("at a reload all stays", func(t *testing.T) {
		a := newArena(t)
		broken(a.place)
		message := a.reload(t, withMount(t, mounts...), saysRefused)
		assert.Contains(t, message, "m7")
		a.assertAlive(t)
		assert.Equal(t, 404, a.get(t, "/m0/x").status)
	})
	t.Run("at the start the others serve", func(t *testing.T) {
		p := newPlace(t)
		broken(p)
		p.configure(t, withMount(t, mounts...))
		s := p.start(t)
		reply := s.get(t, "/m7/x")
		assert.Equal(t, 503, reply.status)
		assert.NotEmpty(t, reply.header.Get("Retry-After"))
		assert.Empty(t, p.leaks(reply.body, nil))
		for _, i := range []int{0, 6, 8, 19} {
			assert.Equal(t, 201, s.put(t, fmt.Sprintf("/m%d/x", i), "{}").status)
		}
		require.NoError(t, os.Remove(p.data("m7")))
		assert.Eventually(t, func() bool { return s.put(t, "/m7/x", "{}").status == 201 }, patience, 50*time.Millisecond, "it starts when it can")
	})
}

// configStopWhileLoading is CONFIG-018.
func configStopWhileLoading(t *testing.T, _ attack) {
	config := withMount(t, mount("/new", "new", forAll))
	for _, pause := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond} {
		s := newPlace(t).start(t)
		s.configure(t, config)
		s.signal(t, syscall.SIGHUP)
		time.Sleep(pause)
		s.stop(t)
		written, err := os.ReadFile(filepath.Join(s.dir, "services.json"))
		require.NoError(t, err)
		assert.Equal(t, config, string(written))
		assert.Empty(t, s.temporary(t))
	}
}
