package email

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// FuzzRequest: what data says about a mail can't end a line of its header, and
// each address is one that others read too.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{`{}`, `{"subject":"a\nb"}`, `{"cc":"Ann Lee <ann@example.com>, b@c.d","bcc":["=?utf-8?q?a=0Ab?= <x@y.z>"]}`,
		`{"from":"own@example.com","replyTo":null}`, `{"attachments":["GET /files/a.pdf",{"url":"/files/b","name":"c/d"}]}`, `{"to":"a@b.c"}`, `{"cc":"\"a\\\"b\"@c.d"}`} {
		f.Add(seed)
	}
	c := &Config{From: "own@example.com", MaxAttachments: 5}
	f.Fuzz(func(t *testing.T, data string) {
		if !gjson.Valid(data) {
			return
		}
		r := new(request)
		if err := r.read(gjson.Parse(data), c.headers(), true); err != nil {
			return
		}
		texts := append(append(append(texts(r.cc), texts(r.bcc)...), texts(r.replyTo)...), r.subject)
		for _, a := range r.attachments {
			texts = append(texts, a.name)
			assert.NotContains(t, a.name, "/")
			assert.Empty(t, a.url.Host, "a file of this server")
		}
		for _, text := range texts {
			assert.Equal(t, -1, strings.IndexFunc(text, unicode.IsControl), "%q", text)
		}
		for _, list := range [][]*mail.Address{r.cc, r.bcc, r.replyTo} {
			for _, a := range list {
				again, err := mail.ParseAddress(a.String())
				require.NoError(t, err, "%q", a.String())
				assert.Equal(t, a.Address, again.Address)
			}
		}
	})
}
