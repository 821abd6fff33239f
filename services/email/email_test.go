package email_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/smtpmail"
	"github.com/seed90475182/restspace/adaptors/smtpmail/smtptest"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/email"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a service that has files, and fills templates.
func shelf() services.Kind {
	return services.Define(services.Kind{Name: "shelf", PostReads: true}, func(context.Context, services.Env, services.None, services.None) (bus.Service, error) {
		return bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			defer m.Close()
			data, err := m.Body.Bytes(1 << 20)
			if err != nil {
				return nil, err
			}
			name := strings.Join(m.ServicePath(), "/")
			who := gjson.GetBytes(data, "name").String()
			switch name {
			case "welcome.html", "only.html":
				return bus.Reply(200, bus.NewBody([]byte("<p>Dear "+who), "text/html; charset=utf-8")), nil
			case "welcome.txt":
				return bus.Reply(200, bus.NewBody([]byte("Dear "+who), "text/plain")), nil
			case "data.json":
				return bus.Reply(200, bus.NewBody([]byte("{}"), "application/json")), nil
			case "latin.txt":
				return bus.Reply(200, bus.NewBody([]byte("x"), "text/plain; charset=iso-8859-1")), nil
			case "wrong.html":
				return nil, bus.Errorf(422, "line 3: there is no member age")
			case "moved":
				return bus.Reply(303, nil), nil
			case "empty":
				return bus.Reply(204, nil), nil
			case "broken":
				return nil, fmt.Errorf("the disk is gone")
			case "report.pdf", "a/b.pdf", "Übersicht.pdf":
				return bus.Reply(200, bus.NewBody([]byte("%PDF "+m.URL.Query), "application/pdf")), nil
			case "half":
				return bus.Reply(200, bus.NewStream(io.NopCloser(io.LimitReader(zeros{}, 512<<10)), -1, "image/png")), nil
			}
			return nil, bus.Errorf(404, "there is no %s", name)
		}), nil
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

const configuration = `{
  "server": { "log": { "level": "error" }, "limits": { "timeout": "30s", "maxFile": "1MiB" } },
  "services": [
    { "name": "mail", "basePath": "/email", "service": "email", "readRoles": "none", "writeRoles": "all",
      "from": "Käse & Co <shop@example.com>", "templates": "/templates", "maxRecipients": 4, "maxAttachments": 3,
      "adaptorConfig": { "host": %[1]q, "port": %[2]s, "tls": "none" } },
    { "name": "news", "basePath": "/news", "service": "email", "readRoles": "none", "writeRoles": "all",
      "from": "shop@example.com", "subject": "News", "allowFrom": ["@Letters.example", "ann@example.org"],
      "adaptorConfig": { "host": %[1]q, "port": %[2]s, "tls": "none", "timeout": "1s" } },
    { "name": "templates", "basePath": "/templates", "service": "shelf", "readRoles": "none", "internal": true },
    { "name": "files", "basePath": "/files", "service": "shelf", "readRoles": "all" },
    { "name": "secret", "basePath": "/secret", "service": "shelf", "readRoles": "A" }
  ]
}`

// server is a runtime with mounts of the Kind, beside a mail server.
type server struct {
	*runtime.Runtime
	mails  *smtptest.Server
	client *http.Client
}

func start(t *testing.T, o smtptest.Options) *server {
	t.Helper()
	t.Chdir(t.TempDir())
	s := &server{client: &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}}
	var err error
	s.mails, err = smtptest.Listen("127.0.0.1:0", o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.mails.Close()) })
	host, port, err := net.SplitHostPort(s.mails.Address)
	require.NoError(t, err)
	s.Runtime = runtime.New(runtime.Options{
		Services: services.NewRegistry(email.Kind(), shelf()), Adaptors: adaptors.NewRegistry(smtpmail.Kind()),
		Listen: true, Address: "127.0.0.1:0", LogTo: t.Output(),
	})
	require.NoError(t, s.Load(t.Context(), "services.json", fmt.Appendf(nil, configuration, host, port)))
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		assert.NoError(t, s.Close(context.Background()))
	})
	return s
}

// post sends a body as nobody, or as somebody with the roles.
func (s *server) post(t *testing.T, path, mediaType, body, roles string) (status int, answer map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+s.Addr()+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", mediaType)
	if roles != "" {
		token, err := s.Token(&bus.User{Email: "ann@example.com", Roles: strings.Fields(roles)}, time.Minute)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
	}
	reply, err := s.client.Do(r)
	require.NoError(t, err)
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &answer), "%d %s", reply.StatusCode, data)
	return reply.StatusCode, answer
}

// sends posts a mail that is taken, and returns it.
func (s *server) sends(t *testing.T, path, mediaType, body string) (smtptest.Mail, []smtptest.Part) {
	t.Helper()
	before := len(s.mails.Mails())
	status, answer := s.post(t, path, mediaType, body, "")
	require.Equal(t, 202, status, "%v", answer)
	mails := s.mails.Mails()
	require.Len(t, mails, before+1)
	id, err := mails[before].Header("Message-ID")
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("<%s>", answer["messageId"]), id)
	parts, err := mails[before].Parts()
	require.NoError(t, err)
	for i := range parts {
		parts[i].Content = bytes.TrimSuffix(parts[i].Content, []byte("\r\n"))
	}
	return mails[before], parts
}

func header(t *testing.T, m smtptest.Mail, name string) string {
	t.Helper()
	value, err := m.Header(name)
	require.NoError(t, err)
	return value
}

func TestTheBodyIsTheMail(t *testing.T) {
	s := start(t, smtptest.Options{})
	for mediaType, want := range map[string]string{
		"text/plain": "text/plain", "text/markdown": "text/plain", "text/html; charset=UTF-8": "text/html",
	} {
		m, parts := s.sends(t, "/news/to/ann@example.com", mediaType, "# Grüße")
		assert.Equal(t, []smtptest.Part{{MediaType: want, Content: []byte("# Grüße")}}, parts)
		assert.Equal(t, "News", header(t, m, "Subject"))
		assert.Equal(t, "<shop@example.com>", header(t, m, "From"))
	}
	m, parts := s.sends(t, "/email/to/"+url.PathEscape(`"Ann, Ä" <ann@example.com>, bo@bücher.example`), "application/json", `{
		"subject": "Grüße 🙂", "text": "plain", "html": "<p>rich", "cc": "cy@example.com", "bcc": ["Di <di@example.com>"],
		"replyTo": "help@example.com, other@example.com", "from": null,
		"attachments": ["GET /files/report.pdf?v=2", "/files/%C3%9Cbersicht.pdf", {"url": "GET /files/a/b.pdf", "name": "Für Ann.pdf"}] }`)
	assert.Equal(t, "shop@example.com", m.From)
	assert.Equal(t, []string{"ann@example.com", "bo@xn--bcher-kva.example", "cy@example.com", "di@example.com"}, m.To)
	assert.NotContains(t, string(m.Data), "di@example.com")
	assert.Equal(t, "Grüße 🙂", header(t, m, "Subject"))
	assert.Equal(t, `Käse & Co <shop@example.com>`, header(t, m, "From"))
	assert.Contains(t, header(t, m, "To"), "Ann, Ä")
	assert.Equal(t, "<cy@example.com>", header(t, m, "Cc"))
	assert.Equal(t, "<help@example.com>, <other@example.com>", header(t, m, "Reply-To"))
	both := "multipart/mixed multipart/alternative"
	assert.Equal(t, []smtptest.Part{
		{MediaType: "text/plain", Inside: both, Content: []byte("plain")},
		{MediaType: "text/html", Inside: both, Content: []byte("<p>rich")},
		{MediaType: "application/pdf", Inside: "multipart/mixed", Name: "report.pdf", Content: []byte("%PDF v=2")},
		{MediaType: "application/pdf", Inside: "multipart/mixed", Name: "Übersicht.pdf", Content: []byte("%PDF ")},
		{MediaType: "application/pdf", Inside: "multipart/mixed", Name: "Für Ann.pdf", Content: []byte("%PDF ")},
	}, parts)
}

func TestTemplatesMakeTheMail(t *testing.T) {
	s := start(t, smtptest.Options{})
	data := `{"name": "Ann", "subject": "Welcome", "attachments": ["GET /files/report.pdf"], "other": {"x": 1}}`
	pdf := smtptest.Part{MediaType: "application/pdf", Inside: "multipart/mixed", Name: "report.pdf", Content: []byte("%PDF ")}
	both := "multipart/mixed multipart/alternative"
	for template, want := range map[string][]smtptest.Part{
		"welcome.html": {{MediaType: "text/html", Inside: "multipart/mixed", Content: []byte("<p>Dear Ann")}, pdf},
		"welcome.txt":  {{MediaType: "text/plain", Inside: "multipart/mixed", Content: []byte("Dear Ann")}, pdf},
		"only":         {{MediaType: "text/html", Inside: "multipart/mixed", Content: []byte("<p>Dear Ann")}, pdf},
		"welcome": {
			{MediaType: "text/plain", Inside: both, Content: []byte("Dear Ann")},
			{MediaType: "text/html", Inside: both, Content: []byte("<p>Dear Ann")}, pdf,
		},
	} {
		m, parts := s.sends(t, "/email/send/"+template+"/ann@example.com", "application/json", data)
		assert.Equal(t, want, parts, template)
		assert.Equal(t, "Welcome", header(t, m, "Subject"))
	}
	for template, want := range map[string]struct {
		status int
		detail string
	}{
		"none.html":  {404, `there is no template "none.html"`},
		"none":       {404, "there is no template none.txt and no template none.html: PUT one of both"},
		"data.json":  {400, `template "data.json": the text is of the type "application/json": a mail needs text/plain or text/html`},
		"latin.txt":  {400, `template "latin.txt": the text is of the type "text/plain; charset=iso-8859-1": a mail needs one in UTF-8`},
		"wrong.html": {422, "line 3: there is no member age"},
	} {
		status, answer := s.post(t, "/email/send/"+template+"/ann@example.com", "application/json", data, "")
		assert.Equal(t, want.status, status, template)
		assert.Equal(t, want.detail, answer["detail"], template)
	}
	status, answer := s.post(t, "/news/send/welcome/ann@example.com", "application/json", data, "")
	assert.Equal(t, 404, status)
	assert.Contains(t, answer["detail"], `set "templates" in its configuration`)
	status, _ = s.post(t, "/email/send/welcome/ann@example.com", "text/plain", data, "")
	assert.Equal(t, 415, status)
	assert.Len(t, s.mails.Mails(), 4)
}

func TestWhoMayBeTheSender(t *testing.T) {
	s := start(t, smtptest.Options{})
	for from, want := range map[string]string{
		"Boss <shop@example.com>":         `<shop@example.com>`, // the name is the configuration's to say
		"SHOP@example.com":                `<shop@example.com>`,
		"The News <x.y@letters.example>":  `"The News" <x.y@letters.example>`,
		"Ann <ANN@example.org>":           `"Ann" <ANN@example.org>`,
		"bo@example.org":                  "",
		"x@sub.letters.example":           "",
		"ann@example.org.evil.example":    "",
		"a@letters.example, b@example.de": "",
	} {
		body, err := json.Marshal(map[string]string{"from": from, "text": "x"})
		require.NoError(t, err)
		if want != "" {
			m, _ := s.sends(t, "/news/to/ann@example.com", "application/json", string(body))
			assert.Equal(t, want, header(t, m, "From"), from)
			assert.Contains(t, want, m.From)
			continue
		}
		status, answer := s.post(t, "/news/to/ann@example.com", "application/json", string(body), "")
		assert.Equal(t, 400, status, from)
		assert.Contains(t, answer["detail"], "from: ", from)
	}
}

func TestBadMails(t *testing.T) {
	s := start(t, smtptest.Options{})
	to := func(address string) string { return "/email/to/" + url.PathEscape(address) }
	whole := func(member, value string) string {
		return fmt.Sprintf(`{"subject": "x", "text": "x", %q: %s}`, member, value)
	}
	for _, row := range []struct{ path, body, detail string }{
		{to("ann"), "", `recipients: "ann" is no address`},
		{to("ann@"), "", `recipients: "ann@" is no address`},
		{to("ann@example.com,bo"), "", `recipients: "ann@example.com,bo" is no address`},
		{to("a@b\r\nRCPT TO:<x@y>"), "", `path, byte 13: a control character`},
		{to("a@b\u2028"), "", `recipients: a control character at byte 3`},
		{to("=?utf-8?q?a=0D=0ABcc=3A_x?= <a@b.c>"), "", `recipients: a control character at byte 1`},
		{to("a@[127.0.0.1]"), "", `what is after the @ is no name of a host`},
		{to("a@-b.c"), "", `what is after the @ is no name of a host`},
		{to("a@b..c"), "", `is no address`},
		{to("a@\u200d.c"), "", `what is after the @ is no name of a host`},
		{to(strings.Repeat("a", 65) + "@b.c"), "", `is longer than an address may be`},
		{to("a@b.c,b@b.c,c@b.c,d@b.c,e@b.c"), "", "recipients: 5 of them with cc and bcc: a mail may have 4"},
		{to("a@b.c"), `{"text": "x"}`, "subject: it is missing"},
		{to("a@b.c"), `{"subject": "x"}`, "text: it is missing, and so is html"},
		{to("a@b.c"), `["x"]`, "the body is no object"},
		{to("a@b.c"), `{"subject": "x", "subject": "y"}`, "duplicate"},
		{to("a@b.c"), whole("atachments", "[]"), `"atachments": a mail has no such member`},
		{to("a@b.c"), whole("to", `"x@y"`), `"to": a mail has no such member`},
		{to("a@b.c"), `{"text": "x", "subject": "x\r\nBcc: x@y"}`, "subject: a control character at byte 1"},
		{to("a@b.c"), `{"text": "x", "subject": "x\u0085y"}`, "subject: a control character at byte 1"},
		{to("a@b.c"), `{"text": "x", "subject": 7}`, "subject: write a text"},
		{to("a@b.c"), `{"text": "x", "subject": "` + strings.Repeat("x", 1001) + `"}`, "subject: it has 1001 bytes"},
		{to("a@b.c"), `{"text": 1, "subject": "x"}`, "text: write a text"},
		{to("a@b.c"), whole("cc", `"a@b\nBcc: x@y"`), "cc: a control character at byte 3"},
		{to("a@b.c"), whole("cc", `["a@b.c", 7]`), "cc: write an address, or a list of addresses"},
		{to("a@b.c"), whole("bcc", `{"a": 1}`), "bcc: write an address, or a list of addresses"},
		{to("a@b.c"), whole("bcc", `["b@b.c", "c@b.c, d@b.c", "e@b.c"]`), "recipients: 5 of them"},
		{to("a@b.c"), whole("replyTo", `"x"`), `replyTo: "x" is no address`},
		{to("a@b.c"), whole("from", `"x@y.z"`), "from: x@y.z may not be the sender here: leave it out, write it as replyTo, or add it to allowFrom of the service"},
		{to("a@b.c"), whole("attachments", `"/files/report.pdf"`), "attachments: write a list"},
		{to("a@b.c"), whole("attachments", `["/a", "/b", "/c", "/d"]`), "attachments: 4 attachments: a mail may have 3"},
		{to("a@b.c"), whole("attachments", `[7]`), "attachments/0: write a request such as"},
		{to("a@b.c"), whole("attachments", `["/a", {"name": "x"}]`), "attachments/1: write a request such as"},
		{to("a@b.c"), whole("attachments", `[{"url": "/a", "file": "x"}]`), "attachments/0: an attachment has no member \"file\""},
		{to("a@b.c"), whole("attachments", `["POST /files/report.pdf"]`), "attachments/0: \"POST /files/report.pdf\" is no request for a file"},
		{to("a@b.c"), whole("attachments", `["GET a.b /files/report.pdf"]`), "is no request for a file"},
		{to("a@b.c"), whole("attachments", `["GET http://169.254.169.254/latest"]`), "is no request for a file of this server"},
		{to("a@b.c"), whole("attachments", `["GET $?(x)"]`), "is no request for a file of this server"},
		{to("a@b.c"), whole("attachments", `["GET /files/$>0"]`), "is no request for a file of this server"},
		{to("a@b.c"), whole("attachments", `["GET /files/"]`), "is no request for a file of this server"},
		{to("a@b.c"), whole("attachments", `["/files/a%0D%0Ab"]`), "is no request for a file of this server"},
		{to("a@b.c"), whole("attachments", `["/files/a%E2%80%A8b"]`), "attachments/0/name: a control character at byte 1"},
		{to("a@b.c"), whole("attachments", `["/files/a%2Fb"]`), `attachments/0/name: "a/b" is no name of a file`},
		{to("a@b.c"), whole("attachments", `[{"url": "/files/report.pdf", "name": "x\ny"}]`), "attachments/0/name: a control character at byte 1"},
		{to("a@b.c"), whole("attachments", `[{"url": "/files/report.pdf", "name": ".."}]`), "is no name of a file"},
		{to("a@b.c"), whole("attachments", `["/files/none"]`), "attachments/0: it can't be read: 404 Not Found"},
		{to("a@b.c"), whole("attachments", `["/files/moved"]`), "attachments/0: it can't be read: 303 See Other"},
		{to("a@b.c"), whole("attachments", `["/files/empty"]`), "attachments/0: it can't be read: 204 No Content"},
		{to("a@b.c"), whole("attachments", `["/nowhere/x"]`), "attachments/0: it can't be read: 404 Not Found"},
		{to("a@b.c"), whole("attachments", `["/templates/welcome.html"]`), "attachments/0: it can't be read: 404 Not Found"},
		{to("a@b.c"), whole("attachments", `["/secret/report.pdf"]`), "attachments/0: it can't be read: 401 Unauthorized"},
	} {
		body := row.body
		if body == "" {
			body = `{"subject": "x", "text": "x"}`
		}
		status, answer := s.post(t, row.path, "application/json", body, "")
		assert.Equal(t, 400, status, "%s %s: %v", row.path, body, answer)
		assert.Contains(t, answer["detail"], row.detail, "%s %s", row.path, body)
	}
	for mediaType, body := range map[string]string{
		"image/png": "x", "text/csv": "x", "text/plain; charset=utf-16": "x", "text/html": "\xff", "text/plain; x": "x",
	} {
		status, answer := s.post(t, "/news/to/a@b.c", mediaType, body, "")
		assert.Equal(t, 415, status, "%s: %v", mediaType, answer)
	}
	assert.Empty(t, s.mails.Mails())
}

func TestAttachmentsAreReadByTheCaller(t *testing.T) {
	s := start(t, smtptest.Options{})
	body := `{"subject": "x", "text": "x", "attachments": ["/secret/report.pdf"]}`
	status, _ := s.post(t, "/email/to/a@b.c", "application/json", body, "U")
	assert.Equal(t, 400, status)
	status, _ = s.post(t, "/email/to/a@b.c", "application/json", body, "A")
	assert.Equal(t, 202, status)

	status, answer := s.post(t, "/email/to/a@b.c", "application/json", `{"subject": "x", "text": "x", "attachments": ["/files/half", "/files/half"]}`, "")
	assert.Equal(t, 202, status, "%v", answer)
	status, answer = s.post(t, "/email/to/a@b.c", "application/json", `{"subject": "x", "text": "x", "attachments": ["/files/half", "/files/half", "/files/report.pdf"]}`, "")
	assert.Equal(t, 413, status)
	assert.Equal(t, "attachments/2: the attachments of a mail may have 1048576 bytes together", answer["detail"])
	status, answer = s.post(t, "/email/to/a@b.c", "application/json", `{"subject": "x", "text": "x", "attachments": ["/files/broken"]}`, "")
	assert.Equal(t, 500, status, "%v", answer)
	assert.Len(t, s.mails.Mails(), 2)
}

func TestTellsWhatTheMailServerDoes(t *testing.T) {
	s := start(t, smtptest.Options{Before: func(ctx context.Context, command, argument string) error {
		switch {
		case command == "RCPT" && strings.HasPrefix(argument, "bo@"):
			return smtptest.Refusal(550, "inner: no such user")
		case command == "RCPT" && strings.HasPrefix(argument, "slow@"):
			<-ctx.Done()
		}
		return nil
	}})
	status, answer := s.post(t, "/news/to/ann@example.com,bo@example.com", "text/plain", "x", "")
	assert.Equal(t, 502, status)
	assert.Equal(t, "the mail server refuses bo@example.com (550): nothing was sent to anybody", answer["detail"])
	assert.Equal(t, []any{map[string]any{"address": "bo@example.com", "code": 550.0}}, answer["recipients"])
	assert.NotContains(t, fmt.Sprint(answer), "inner")
	status, answer = s.post(t, "/news/to/slow@example.com", "text/plain", "x", "")
	assert.Equal(t, 504, status)
	assert.Equal(t, "the mail server does not take the recipients in time", answer["detail"])
	assert.Empty(t, s.mails.Mails())
}

func TestTheClientLeaves(t *testing.T) {
	at := make(chan struct{}, 1)
	s := start(t, smtptest.Options{Before: func(ctx context.Context, command, _ string) error {
		if command == "MAIL" {
			at <- struct{}{}
			<-ctx.Done()
		}
		return nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+s.Addr()+"/email/to/a@b.c", strings.NewReader(`{"subject": "x", "text": "x"}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	ended := make(chan error)
	go func() { _, err := s.client.Do(r); ended <- err }()
	<-at
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
