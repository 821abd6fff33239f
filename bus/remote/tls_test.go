package remote_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/remote"
)

// Nothing was sent where no connection over TLS came about.
func TestTLSThatDoesNotComeAbout(t *testing.T) {
	never := func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }
	plain, secure := serve(t, "http", never), serve(t, "https", never)
	stranger := remote.New(remote.Options{})
	defer func() { require.NoError(t, stranger.Close()) }()
	for name, row := range map[string]struct {
		caller *remote.Caller
		url    string
		detail string
	}{
		"an unknown authority": {stranger, secure.URL, "the other server shows a certificate that is not trusted"},
		"another name":         {secure.Caller, strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), "the other server shows a certificate that is not trusted"},
		"HTTP":                 {stranger, strings.Replace(plain.URL, "http:", "https:", 1), "the other server speaks no TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			up := upstream{&httptest.Server{URL: row.url}, row.caller}
			_, err := up.Serve(t.Context(), up.message(t, "POST", "/", bus.NewBody([]byte("x"), "")))
			told := bus.Classify(err)
			assert.Equal(t, 502, told.Status)
			assert.Equal(t, bus.TypeUnreachable, told.Type)
			assert.Equal(t, row.detail, told.Detail, "%v", err)
		})
	}
}
