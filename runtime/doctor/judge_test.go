package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/config"
)

const (
	mega = 1 << 20
	giga = 1 << 30
)

func TestDisksThatAreFull(t *testing.T) {
	for _, row := range []struct {
		disk  disk
		grade adaptors.Grade
		text  string
	}{
		{disk{100 * giga, 500 * giga, 1000, 2000}, adaptors.Good, "on the disk of /d there are 100.0 GiB left"},
		{disk{100 * giga, 500 * giga, 0, 0}, adaptors.Good, "on the disk of /d there are 100.0 GiB left"},
		{disk{30 * giga, 1000 * giga, 1000, 2000}, adaptors.Good, "on the disk of /d there are 30.0 GiB left"},
		{disk{2 * giga, 100 * giga, 1000, 2000}, adaptors.Warning, "on the disk of /d there are only 2.0 GiB left, of 100.0 GiB"},
		{disk{100 * mega, giga, 1000, 2000}, adaptors.Warning, "on the disk of /d there are only 100.0 MiB left, of 1.0 GiB"},
		{disk{1000, giga, 1000, 2000}, adaptors.Problem, "on the disk of /d there are 1000 B left"},
		{disk{100 * giga, 500 * giga, 200, 9000}, adaptors.Warning, "on the disk of /d there is only room for 200 more files, of 9000"},
		{disk{100 * giga, 500 * giga, 20, 9000}, adaptors.Problem, "on the disk of /d there is room for 20 more files"},
	} {
		f := space("/d", row.disk)
		assert.Equal(t, row.text, f.Text)
		assert.Equal(t, row.grade, f.Grade, row.text)
		assert.Equal(t, row.grade != adaptors.Good, f.Cure != "", row.text)
	}
}

func TestMemoryThatIsLimited(t *testing.T) {
	for _, row := range []struct {
		own, allowed, system uint64
		grade                adaptors.Grade
		text                 string
	}{
		{0, 0, 4 * giga, adaptors.Good, "memory is not limited: there is 4.0 GiB"},
		{0, giga, 4 * giga, adaptors.Good, "the garbage collector keeps to nine tenths of what hashing passwords leaves of the 1.0 GiB of memory that the process may have"},
		{giga / 2, giga, 4 * giga, adaptors.Good, "the garbage collector keeps to 512.0 MiB of memory, as GOMEMLIMIT says"},
		{2 * giga, giga, 4 * giga, adaptors.Problem, "GOMEMLIMIT is 2.0 GiB, and there is only memory of 1.0 GiB: the system ends the process before it is reached"},
		{2 * giga, 0, giga, adaptors.Problem, "GOMEMLIMIT is 2.0 GiB, and there is only memory of 1.0 GiB: the system ends the process before it is reached"},
		{0, 64 * mega, 4 * giga, adaptors.Warning, "there is only memory of 64.0 MiB"},
	} {
		f := memoryOf(row.own, row.allowed, row.system)
		assert.Equal(t, row.text, f.Text)
		assert.Equal(t, row.grade, f.Grade, row.text)
	}
}

func TestCores(t *testing.T) {
	assert.Equal(t, good("2 of 4 cores are used"), coresOf(2, 4))
	assert.Equal(t, adaptors.Warning, coresOf(1, 1).Grade)
	assert.Equal(t, "GOMAXPROCS is 3, and there are only 2 cores", coresOf(3, 2).Text)
}

func TestClocks(t *testing.T) {
	for off, grade := range map[time.Duration]adaptors.Grade{
		0: adaptors.Good, 50 * time.Second: adaptors.Good, -2 * time.Minute: adaptors.Warning,
		4 * time.Minute: adaptors.Warning, 6 * time.Minute: adaptors.Problem, -time.Hour: adaptors.Problem,
	} {
		assert.Equal(t, grade, adaptors.ClockFinding("x", time.Now().Add(off)).Grade, off)
	}
}

// The process of this test stands for a server: how it was started is told to it
// by its arguments.
func TestServersOfAConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"services.json", "other.json"} {
		assert.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	here, err := os.Getwd()
	assert.NoError(t, err)
	for _, row := range []struct {
		args   []string
		file   string
		serves bool
	}{
		{[]string{"restspace", "serve"}, "services.json", true},
		{[]string{"restspace", "serve"}, here + "/services.json", true},
		{[]string{"restspace", "serve"}, "other.json", false},
		{[]string{"restspace", "serve", "--config", "other.json"}, "other.json", true},
		{[]string{"restspace", "--config=" + here + "/other.json", "serve"}, "other.json", true},
		{[]string{"restspace", "serve", "--config=none.json"}, "none.json", false},
		{[]string{"restspace", "serve", "--config", "s3://b/c.json?region=r"}, "s3://b/c.json?region=r", true},
		{[]string{"restspace", "serve", "--config", "s3://b/c.json?region=r"}, "services.json", false},
		{[]string{"restspace", "serve", "--config", "s3://b/c.json"}, "s3://b/c.json?region=r", true},
		{[]string{"restspace", "serve", "--config", "s3://b/d.json"}, "s3://b/c.json?region=r", false},
		{[]string{"restspace", "serve"}, "s3://b/c.json?region=r", false},
		{[]string{"restspace", "test"}, "services.json", false},
		{[]string{"serve"}, "services.json", false},
	} {
		patient := &Patient{File: row.file, Same: func(url string) bool { return url == "s3://b/c.json" }}
		assert.Equal(t, row.serves, process{os.Getpid(), row.args}.serves(patient), strconv.Quote(row.file)+" by %q", row.args)
	}
}

func TestHostsThatMaySpeakHTTP(t *testing.T) {
	for _, row := range []struct {
		host string
		err  error
		want bool
	}{
		{"example.org", syscall.ECONNREFUSED, true},
		{"example.org:443", syscall.ECONNREFUSED, false},
		{"example.org:8080", &url.Error{Err: http.ErrSchemeMismatch}, true},
		{"example.org", &url.Error{Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, false},
	} {
		assert.Equal(t, row.want, maybePlain(row.host, row.err), "%s: %v", row.host, row.err)
	}
}

func TestPeersThatAreTheServerItself(t *testing.T) {
	for _, row := range []struct {
		hosts     []string
		publicURL string
		listen    string
		peer      string
		want      bool
	}{
		{[]string{"a.example"}, "", ":3100", "a.example", true},
		{[]string{"a.example"}, "", ":3100", "b.example", false},
		{[]string{"A.example."}, "", ":3100", "a.example:3100", true},
		{[]string{"127.0.0.1"}, "", "127.0.0.1:3101", "127.0.0.1:3101", true},
		{[]string{"127.0.0.1"}, "", "127.0.0.1:3101", "127.0.0.1:3102", false},
		{[]string{"127.0.0.1:3101"}, "", "127.0.0.1:3101", "127.0.0.1:3102", false},
		{[]string{"a.example:8443"}, "", ":3100", "a.example:8443", true},
		{[]string{"a.example:8443"}, "", ":3100", "a.example", false},
		{nil, "https://a.example", ":3100", "a.example", true},
		{nil, "http://a.example", ":3100", "a.example", true},
		{nil, "https://a.example", ":3100", "b.example:3100", false},
	} {
		patient := &Patient{Config: &config.Config{Server: config.Server{Hosts: row.hosts, PublicURL: row.publicURL, Listen: row.listen}}}
		assert.Equal(t, row.want, patient.isOwn(row.peer), "%+v", row)
	}
}

func TestSocketsThatHoldAnAddress(t *testing.T) {
	for _, row := range []struct {
		held, wanted string
		want         bool
	}{
		{"0100007F:620C", "127.0.0.1:25100", true},
		{"0100007F:620C", "127.0.0.2:25100", false},
		{"0100007F:620C", "127.0.0.1:25101", false},
		{"0100007F:620C", "0.0.0.0:25100", true},
		{"0100007F:620C", ":25100", true},
		{"00000000:620C", "127.0.0.2:25100", true},
		{"00000000:620C", "[::1]:25100", false},
		{"00000000000000000000000000000000:620C", "127.0.0.2:25100", true},
		{"00000000000000000000000001000000:620C", "[::1]:25100", true},
		{"00000000000000000000000001000000:620C", "127.0.0.1:25100", false},
		{"0000000000000000FFFF00000100007F:620C", "127.0.0.1:25100", true},
		{"local_address", "127.0.0.1:25100", false},
	} {
		wanted, err := net.ResolveTCPAddr("tcp", row.wanted)
		assert.NoError(t, err)
		assert.Equal(t, row.want, excludes(addressOf(row.held), wanted.AddrPort()), "%s by %s", row.wanted, row.held)
	}
}

func TestAnotherAddressWithTheSamePort(t *testing.T) {
	one, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NoError(t, err)
	defer one.Close()
	_, port, _ := net.SplitHostPort(one.Addr().String())
	assert.Len(t, listeners("127.0.0.1:"+port), 1)
	assert.Len(t, listeners(":"+port), 1)
	assert.Empty(t, listeners("127.0.0.2:"+port))
}

func TestOwnersHelpNoFileSystemThatIsReadOnly(t *testing.T) {
	assert.Equal(t, "have the user of the server own /a", owning("/a", syscall.EACCES))
	assert.Contains(t, owning("/a", syscall.EROFS), "ReadWritePaths")
}

func TestCertificatesOfOthersThatAreNotTrusted(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	f := ask(t.Context(), s.Listener.Addr().String(), true)
	assert.Equal(t, adaptors.Warning, f.Grade)
	assert.Contains(t, f.Cure, "SSL_CERT_DIR")
	assert.NotContains(t, f.Cure, "yet to be started")
	s.Close()
	f = ask(t.Context(), s.Listener.Addr().String(), true)
	assert.Contains(t, f.Cure, "if it is yet to be started, that is no fault; else see whether it runs")
	f = ask(t.Context(), s.Listener.Addr().String(), false)
	assert.NotContains(t, f.Cure, "yet to be started")
}
