package account_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

func TestEmail(t *testing.T) {
	for text, want := range map[string]string{
		"Ann@Example.com": "ann@example.com", "a+b@x": "a+b@x", "ÄNN@x.de": "änn@x.de",
		"": "", "ann": "", "@x": "", "ann@": "", "a@b@c": "", "../a@x": "", `a\b@x`: "", "a b@x": "", "a@x\n": "", "a\x00@x": "",
		"ann\u200b@x": "", "ann\u202e@x": "", "ann\u2028@x": "", "mi\u212ae@x": "", "\u0130da@x": "", ".a@x": "", "a@x/..": "", "a\xff@x": "", "Ann <a@x>": "", strings.Repeat("a", 253) + "@x": "", strings.Repeat("Ⱥ", 120) + "@x": "",
	} {
		got, err := account.Email(text)
		assert.Equal(t, want, got, text)
		if want == "" {
			assert.Equal(t, 400, bus.Classify(err).Status, text)
		} else {
			assert.NoError(t, err, text)
		}
	}
}

func TestAudit(t *testing.T) {
	var out bytes.Buffer
	root := bus.NewRoot(t.Context(), 0)
	root.ID, root.Client = "1", "192.0.2.1"
	account.Audit(root, slog.New(slog.NewTextHandler(&out, nil)), account.Event{Name: "login", User: "a@x", By: "b@x", Outcome: "ok"})
	assert.Contains(t, out.String(), "msg=audit event=login user=a@x outcome=ok by=b@x client=192.0.2.1 id=1")
}
