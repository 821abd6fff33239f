package s3store_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

// encodedListing has its names encoded, which the server of the other tests
// does not do, and two that come before the one that was asked for.
const encodedListing = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult>
<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>
<Contents><Key>a%2Bb</Key><Size>1</Size></Contents><Contents><Key>d+e%25</Key><Size>1</Size></Contents>
<Contents><Key>d+e%2525</Key><Size>2</Size></Contents><Contents><Key>f%EF%BF%BF</Key><Size>3</Size></Contents>
<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>e%2520/</Prefix></CommonPrefixes>
</ListBucketResult>`

func TestListingThatIsEncodedAndBeginsEarly(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	server.Intercept(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		assert.Equal(t, "c/\U0010ffff", r.URL.Query().Get("start-after"))
		assert.Equal(t, "7", r.URL.Query().Get("max-keys"))
		_, _ = w.Write([]byte(encodedListing))
	})
	var got []adaptors.Info
	for info, err := range s.List(t.Context(), nil, adaptors.ListOptions{After: "c/", Page: 7}) {
		require.NoError(t, err)
		got = append(got, info)
	}
	assert.Equal(t, []adaptors.Info{
		{Name: "d e%", Size: 2},
		{Name: "e ", Dir: true, Size: -1},
		{Name: "f\uffff", Size: 3},
	}, got)
}

func TestListingsThatAreWrong(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	for _, row := range []struct{ answer, says string }{
		{"<IsTruncated>true</IsTruncated>", "the server's listing does not go on, and does not end"},
		{"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>", "the server's listing does not go on, and does not end"},
		{"<Contents><Key>b</Key></Contents><Contents><Key>a</Key></Contents>", `the server's listing is not in the order of bytes: "a" comes after "b"`},
		{"<Contents><Key>%</Key></Contents><EncodingType>url</EncodingType>", `a name in the server's listing: invalid URL escape "%"`},
		{"<Contents><Key>a", "XML syntax error"},
	} {
		server.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			_, _ = fmt.Fprintf(w, "<ListBucketResult>%s</ListBucketResult>", row.answer)
		})
		var failed error
		for _, err := range s.List(t.Context(), nil, adaptors.ListOptions{}) {
			failed = err
		}
		assert.ErrorContains(t, failed, row.says)
	}
}

func TestListingOfADirectoryThatNoNameFitsIn(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	server.Intercept(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		s3test.Refuse(w, r, http.StatusBadRequest, "KeyTooLongError")
	})
	x := strings.Repeat("x", 255)
	assert.Empty(t, list(t, s, x, x, x, x)) // with the slashes 1024 bytes
}

func TestListingWithoutAnEnd(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	contents := []byte(strings.Repeat("<Contents><Key>a</Key></Contents>", 1000))
	var sent atomic.Int64
	server.Intercept(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = w.Write([]byte("<ListBucketResult>"))
		for r.Context().Err() == nil && sent.Load() < 64<<20 {
			n, _ := w.Write(contents)
			sent.Add(int64(n))
		}
	})
	for _, err := range s.List(t.Context(), nil, adaptors.ListOptions{}) {
		assert.ErrorContains(t, err, "XML syntax error")
	}
	server.Intercept(nil)
	assert.Less(t, sent.Load(), int64(32<<20))
}

func TestPagesGrow(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	s := open(t, c)
	for _, name := range []string{".a", ".b", ".c", "d"} {
		server.WriteFile(t, c.Bucket, name, "x")
	}
	var sizes []string
	server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		sizes = append(sizes, r.URL.Query().Get("max-keys"))
		forward.ServeHTTP(w, r)
	})
	for info, err := range s.List(t.Context(), nil, adaptors.ListOptions{Page: 1}) {
		require.NoError(t, err)
		assert.Equal(t, "d", info.Name)
	}
	assert.Equal(t, []string{"1", ""}, sizes)
}
