package s3store_test

import (
	"net/http"
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
