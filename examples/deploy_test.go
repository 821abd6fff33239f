package examples

import (
	"bufio"
	"debug/buildinfo"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestUnit has systemd read the unit, and say what it leaves open.
func TestUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	dir := t.TempDir()
	build(t, dir)
	unit := filepath.Join(dir, "restspace.service")
	lay(t, "../deploy/restspace.service", unit, swaps{{"/usr/local/bin/restspace", filepath.Join(dir, "bin", "restspace")}})
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.NotContains(t, string(out), "restspace.service", "what it says of the unit")

	// As the README has it be edited.
	readme, err := os.ReadFile("../deploy/README.md")
	require.NoError(t, err)
	_, edit, found := strings.Cut(string(readme), "```ini\n")
	require.True(t, found)
	edit, _, _ = strings.Cut(strings.ReplaceAll(edit, "/usr/local/bin/restspace", filepath.Join(dir, "bin", "restspace")), "```")
	require.NoError(t, os.Mkdir(unit+".d", 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(unit+".d", "override.conf"), []byte(edit), 0o644))
	out, err = exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.NotContains(t, string(out), "restspace.service", "what it says of the edited unit")

	const most = "15" // of 100, which is a service without any bounds
	out, err = exec.Command("systemd-analyze", "security", "--offline=true", "--threshold="+most, unit).CombinedOutput()
	require.NoError(t, err, string(out))
}

// TestCommandsBesideUnit holds the commands of the README to the unit: what they
// leave behind, the server has to find, and be the owner of.
func TestCommandsBesideUnit(t *testing.T) {
	unit, err := os.ReadFile("../deploy/restspace.service")
	require.NoError(t, err)
	readme, err := os.ReadFile("../deploy/README.md")
	require.NoError(t, err)
	settings := strings.Split(string(unit), "\n")
	properties := regexp.MustCompile(`-p (\S+=\S+)`).FindAllStringSubmatch(string(readme), -1)
	require.Greater(t, len(properties), 5)
	for _, p := range properties {
		assert.Contains(t, settings, p[1])
	}
}

// TestImage runs what the image has, and nothing else, as its user.
func TestImage(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to change the root directory")
	}
	image := filepath.Join(t.TempDir(), "image")
	out, err := exec.Command("make", "-C", "..", "image", "IMAGE="+image).CombinedOutput()
	require.NoError(t, err, string(out))

	root := t.TempDir()
	require.NoError(t, os.Chmod(root, 0o755))
	file, err := os.ReadFile("../deploy/Dockerfile")
	require.NoError(t, err)
	var user uint32
	for line := range strings.Lines(string(file)) {
		words := strings.Fields(line)
		switch {
		case len(words) > 2 && words[0] == "COPY":
			from, to := words[len(words)-2], filepath.Join(root, words[len(words)-1])
			require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
			require.NoError(t, exec.Command("cp", "-r", filepath.Join(image, from), to).Run())
		case line == "USER 65532:65532\n":
			user = 65532
		}
	}
	require.NotZero(t, user, "the image has a user")
	require.NoError(t, os.Chown(filepath.Join(root, "data"), int(user), int(user)))
	require.NoError(t, os.Mkdir(filepath.Join(root, "config"), 0o755))
	lay(t, "../services.json", filepath.Join(root, "config", "services.json"), anyPort)
	require.NoError(t, os.Chmod(filepath.Join(root, "config", "services.json"), 0o644))

	server := exec.Command("/restspace", "serve", "--config", "/config/services.json")
	server.Dir, server.Env, server.Stderr = "/data", []string{}, t.Output()
	server.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}}
	pipe, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Signal(syscall.SIGTERM); _ = server.Wait() })
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		if url := lines.Text(); strings.HasPrefix(url, "http://") {
			reply, err := http.Get(url + "/data/")
			require.NoError(t, err)
			body, err := io.ReadAll(reply.Body)
			require.NoError(t, err)
			require.NoError(t, reply.Body.Close())
			assert.Equal(t, "[]", strings.TrimSpace(string(body)))
			return
		}
	}
	t.Fatal("the server told no address")
}

// TestReleasesAreTheSame builds a release from two clones at two places, with other
// settings of Go. Neither has anything that was compiled before.
func TestReleasesAreTheSame(t *testing.T) {
	if os.Getenv("RESTSPACE_RELEASE") == "" {
		t.Skip("takes minutes: make release-check")
	}
	commit, err := exec.Command("git", "rev-parse", "HEAD").Output()
	require.NoError(t, err)
	var sums [2]string
	for i, flags := range []string{"-buildvcs=true", "-buildvcs=false"} {
		clone := filepath.Join(t.TempDir(), strings.Repeat("deeper/", i), "clone")
		out, err := exec.Command("git", "clone", "-q", "..", clone).CombinedOutput()
		require.NoError(t, err, string(out))
		out, err = exec.Command("git", "-C", clone, "checkout", "-q", strings.TrimSpace(string(commit))).CombinedOutput()
		require.NoError(t, err, string(out)) // whatever was committed meanwhile
		release := exec.Command("make", "-C", clone, "release", "RELEASES=linux-amd64")
		release.Env = append(os.Environ(), "GOCACHE="+t.TempDir(), "GOFLAGS="+flags)
		out, err = release.CombinedOutput()
		require.NoError(t, err, string(out))
		text, err := os.ReadFile(filepath.Join(clone, "dist", "SHA256SUMS"))
		require.NoError(t, err)
		sums[i] = string(text)
		built, err := buildinfo.ReadFile(filepath.Join(clone, "dist", "restspace-linux-amd64"))
		require.NoError(t, err)
		assert.Contains(t, built.Settings, debug.BuildSetting{Key: "vcs.revision", Value: strings.TrimSpace(string(commit))})
	}
	assert.Equal(t, sums[0], sums[1])
}
