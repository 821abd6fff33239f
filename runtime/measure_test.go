package runtime_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
)

// metrics returns the lines of /metrics at server.adminListen.
func (s *server) metrics(t *testing.T) string {
	t.Helper()
	status, text := s.at(t, s.AdminAddr(), "/metrics", "")
	require.Equal(t, 200, status, text)
	return text
}

// operated returns a configuration of probes with an address for operators.
func operated(rows ...[3]string) string {
	return strings.Replace(mounts(rows...), `{"services"`, `{"server": {"adminListen": "127.0.0.1:0"}, "services"`, 1)
}

func TestMetricsOfRequests(t *testing.T) {
	s := start(t, newProbe(), operated([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "three"}))
	for _, path := range []string{"/a/some/path", "/a/call?/b/x", "/a/unknown", "/nowhere", "/a/loop"} {
		s.get(t, path)
	}
	s.sent(t, "BREW", "/a")
	text := s.metrics(t)
	for _, want := range []string{
		`restspace_requests_total{kind="probe",method="GET",service="a",status="2xx"} 2`,
		`restspace_requests_total{kind="probe",method="GET",service="a",status="5xx"} 2`,
		`restspace_requests_total{kind="probe",method="other",service="a",status="4xx"} 1`,
		`restspace_requests_total{kind="",method="GET",service="",status="4xx"} 1`,
		`restspace_request_duration_seconds_count{kind="probe",method="GET",service="a"} 4`,
		`restspace_hop_duration_seconds_count{kind="probe",service="b"} 1`,
		`restspace_limits_hit_total{kind="probe",limit="depth",service="a"} 1`,
		`restspace_service_healthy{kind="probe",service="a"} 1`,
		"\nrestspace_config_last_reload_successful 1\n",
		`restspace_config_reloads_total{outcome="ok"} 1`,
		`restspace_connections 1`, `restspace_outgoing_connections 0`,
		`restspace_build_info{`, "go_goroutines ", "process_open_fds ",
	} {
		assert.Contains(t, text, want)
	}
	for _, never := range []string{"some", "nowhere", "BREW", "127.0.0.1"} {
		assert.NotContains(t, text, never)
	}
}

func TestMetricsOverReloads(t *testing.T) {
	s := start(t, newProbe(), operated([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"}))
	s.get(t, "/a")
	s.get(t, "/b")
	current := []byte(operated([3]string{"a", "/a", "changed"}, [3]string{"c", "/c", "three"}))
	require.NoError(t, s.Load(t.Context(), "services.json", current))
	s.get(t, "/a")
	require.Error(t, s.Load(t.Context(), "services.json", []byte(operated([3]string{"d", "/d", "panic"}))))
	text := s.metrics(t)
	for _, want := range []string{
		`restspace_requests_total{kind="probe",method="GET",service="a",status="2xx"} 2`,
		`restspace_hop_duration_seconds_count{kind="probe",service="a"} 2`,
		`restspace_hop_duration_seconds_count{kind="probe",service="c"} 0`,
		`restspace_config_reloads_total{outcome="ok"} 2`,
		`restspace_config_reloads_total{outcome="refused"} 1`,
		"\nrestspace_config_last_reload_successful 0\n",
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, `service="b"`, "it is no more")
	assert.NotContains(t, text, `service="d"`, "it never was")

	require.NoError(t, s.Load(t.Context(), "services.json", current), "what is served already")
	text = s.metrics(t)
	assert.Contains(t, text, "\nrestspace_config_last_reload_successful 1\n")
	assert.Contains(t, text, `restspace_config_reloads_total{outcome="ok"} 2`)
}

func TestMetricsAreForAdministrators(t *testing.T) {
	s := start(t, newProbe(), administered([3]string{"a", "/", "one"}))
	for roles, want := range map[string]int{"": 401, "E": 403, "A": 200} {
		status, text := s.at(t, s.Addr(), "/metrics", roles)
		assert.Equal(t, want, status, roles)
		assert.Equal(t, want == 200, strings.Contains(text, "restspace_build_info{"), roles)
	}
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/", "one"}))))
	status, _ := s.at(t, s.Addr(), "/metrics", "A")
	assert.Equal(t, 404, status, "of nobody")
}

func TestMetricsOfPlugins(t *testing.T) {
	p := startPlugins(t)
	config := `{"server": {"adminListen": "127.0.0.1:0"}, "services": [` + pluginMount("/a", "", well) + `]}`
	require.NoError(t, p.Load(t.Context(), "services.json", []byte(config)))
	restarts := `restspace_plugin_restarts_total{adaptor="./plugin",service="a",slot="adaptor"} `
	assert.Contains(t, p.metrics(t), restarts+"0")
	require.NoError(t, syscall.Kill(p.pid(t, "/a"), syscall.SIGKILL))
	assert.Eventually(t, func() bool { return strings.Contains(p.metrics(t), restarts+"1") }, 20*time.Second, 20*time.Millisecond)
}

func TestLogFormat(t *testing.T) {
	for config, want := range map[string]string{
		`{"services": []}`: "level=INFO msg=hello\n",
		`{"server": {"log": {"format": "json"}}, "services": []}`: `"level":"INFO","msg":"hello"}` + "\n",
	} {
		t.Chdir(t.TempDir())
		log := new(bustest.Log)
		r := runtime.New(runtime.Options{LogTo: log, LogFormat: "text"})
		require.NoError(t, r.Load(t.Context(), "services.json", []byte(config)))
		r.Log().Info("hello")
		assert.Contains(t, log.String(), want)
		require.NoError(t, r.Close(t.Context()))
	}
}
