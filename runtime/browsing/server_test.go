package browsing

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/adaptors/smtpmail/smtptest"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server serves an application with users, and takes the mails that it sends.
type server struct {
	url   string
	mails *smtptest.Server
}

const ann = `{"email":"ann@example.com","roles":"U E",
	"password":"$argon2id$v=19$m=19456,t=2,p=1$X7b+geBZzb0vC/2pfIYW2Q$a0Zm4StOe942nQxFcssK0NGgPlErnIleVtySgSnMVgA"}`

// shop is another page when scripts run.
const shop = `<!DOCTYPE html><html lang="en"><title>The shop</title><h1>The shop</h1>
<script>document.querySelector("h1").textContent = "A script"</script>`

// strict does what it says that it does not.
const strict = `<!DOCTYPE html><html lang="en"><title>Strict</title>
<meta http-equiv="Content-Security-Policy" content="style-src 'none'"><style>h1 { color: red }</style><h1>Strict</h1>`

// serve starts one. It is closed at the end of the test.
func serve(t *testing.T) *server {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"users/ann@example.com.json": ann, "site/index.html": shop, "site/strict.html": strict, "site/favicon.ico": ""} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	s := new(server)
	var err error
	s.mails, err = smtptest.Listen("127.0.0.1:0", smtptest.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.mails.Close()) })
	r := runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), Listen: true, Address: "127.0.0.1:0", LogTo: t.Output()})
	t.Cleanup(func() { require.NoError(t, r.Close(context.Background())) })
	require.NoError(t, r.Load(t.Context(), "services.json", s.config(t, "http://127.0.0.1"))) // which finds a port
	s.url = "http://" + r.Addr()
	require.NoError(t, r.Load(t.Context(), "services.json", s.config(t, s.url)))
	return s
}

// config returns the configuration of one at a URL.
func (s *server) config(t *testing.T, at string) []byte {
	t.Helper()
	_, port, err := net.SplitHostPort(s.mails.Address)
	require.NoError(t, err)
	return fmt.Appendf(nil, `{
		"server": { "drain": "100ms" },
		"auth": { "userUrlPattern": "/users/${email}" },
		"services": [
			{ "name": "users", "basePath": "/users", "service": "user", "adaptor": "file", "adaptorConfig": { "root": "users" }, "readRoles": "{email}" },
			{ "name": "mail", "basePath": "/mail", "service": "email", "internal": true, "readRoles": "none", "from": "shop@example.com", "subject": "Your new password",
				"adaptorConfig": { "host": "127.0.0.1", "port": %s, "tls": "none" } },
			{ "name": "reset", "basePath": "/reset", "service": "pipeline", "internal": true, "readRoles": "none",
				"pipeline": [{ "text": "url", "$to": "email" }, "POST /mail/to/${$to}"] },
			{ "name": "auth", "basePath": "/auth", "service": "auth", "readRoles": "all", "writeRoles": "all",
				"emailSendUrlPattern": "/reset", "resetUrl": "%s/auth/new-password" },
			{ "name": "site", "basePath": "/", "service": "static", "adaptor": "file", "adaptorConfig": { "root": "site" }, "readRoles": "all" }
		]
	}`, port, at)
}

// failLogins has a client fail to sign in so often that it has to wait.
func (s *server) failLogins(t *testing.T, email string) {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 10 {
		answer, err := client.PostForm(s.url+"/auth/login", url.Values{"email": {email}, "password": {"wrong"}})
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, "/auth/login?result=fail", answer.Header.Get("Location"))
	}
	client.CloseIdleConnections()
}

// link returns the one in the nth mail.
func (s *server) link(t *testing.T, n int) string {
	t.Helper()
	mails := s.mails.Wait(t.Context(), n)
	require.Len(t, mails, n)
	parts, err := mails[n-1].Parts()
	require.NoError(t, err)
	link := regexp.MustCompile(`http://\S+`).FindString(string(parts[0].Content))
	require.NotEmpty(t, link, "%s", parts[0].Content)
	return link
}
