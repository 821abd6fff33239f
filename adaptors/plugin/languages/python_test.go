package languages_test

import (
	"bufio"
	"encoding/base64"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// python runs Python in the folder of the template. Where what that imports is
// not installed, the test is skipped.
func python(t *testing.T, args ...string) string {
	t.Helper()
	run := func(args ...string) ([]byte, error) {
		cmd := exec.Command("/usr/bin/python3", args...)
		cmd.Dir, cmd.Env = "python", append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
		return cmd.CombinedOutput()
	}
	if out, err := run("-c", "import grpc, cryptography, google.protobuf"); err != nil {
		t.Skipf("NOT TESTED: Python, or what the template imports, is not there: %v: make testdeps installs it\n%s", err, out)
	}
	out, err := run(args...)
	require.NoErrorf(t, err, "%s", out)
	return string(out)
}

// TestPython runs the tests of the template in Python, and of the library in it.
func TestPython(t *testing.T) {
	t.Log(python(t, "-m", "unittest", "test_store.py", "tests/test_services.py"))
}

// TestPythonProtocol sees that what protoc made for Python is of today's protocol.
func TestPythonProtocol(t *testing.T) {
	text := python(t, "-c", "import base64; from restspace_plugin import adaptor_pb2 as w; print(base64.b64encode(w.DESCRIPTOR.serialized_pb).decode())")
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	require.NoError(t, err)
	var python descriptorpb.FileDescriptorProto
	require.NoError(t, proto.Unmarshal(data, &python))
	ours := protodesc.ToFileDescriptorProto(wire.File_adaptor_proto)
	for _, message := range ours.MessageType {
		for _, field := range message.Field {
			field.JsonName = nil // which protoc leaves out for Python
		}
	}
	assert.True(t, proto.Equal(ours, &python), "run the command in python/restspace_plugin/README.md")
}

// TestPythonProject puts a new plugin to the contract: one process of it, that is
// emptied after each clause.
func TestPythonProject(t *testing.T) {
	python(t, "--version")
	s := open(t, filepath.Join(lay(t, "python", "cellar"), "cellar"), "{}")
	adaptortest.Store(t, func(t *testing.T) adaptors.Store {
		t.Cleanup(func() { empty(t, s, nil) })
		return s
	})
}

// TestPythonProcess sees that the program outlives the signals that end a server,
// and ends with its standard input.
func TestPythonProcess(t *testing.T) {
	python(t, "--version")
	path := filepath.Join(lay(t, "python", "cellar"), "cellar")
	out, err := exec.Command(path).CombinedOutput()
	assert.EqualError(t, err, "exit status 1", "started by hand")
	assert.Contains(t, string(out), "This program is a plugin of restspace")

	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	cmd := exec.Command(path)
	cmd.Env = []string{"RESTSPACE_PLUGIN=adaptor", "PLUGIN_UNIX_SOCKET_DIR=" + t.TempDir(), "PLUGIN_CLIENT_CERT=" + string(certificate)}
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	assert.Regexp(t, `^1\|1\|unix\|/[^|]+\|grpc\|[A-Za-z0-9+/]+\n$`, line)
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		require.NoError(t, cmd.Process.Signal(signal))
	}
	require.NoError(t, stdin.Close())
	assert.NoError(t, cmd.Wait())
}
