package s3store_test

import (
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store"
)

// The server takes connections, and says nothing.
func TestExaminationOfServerThatHangs(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	endpoint := "http://" + silent.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	found := s3store.Kind().Examine(ctx, &s3store.Config{
		Bucket: "b", Prefix: "notes", Endpoint: endpoint, Credentials: s3store.Credentials{AccessKeyID: "k", SecretAccessKey: "s"},
	}, adaptors.Env{Name: "notes", Log: slog.New(slog.DiscardHandler)})
	assert.Equal(t, []adaptors.Finding{{
		Check: "store", Grade: adaptors.Problem,
		Text: "bucket b/notes: the endpoint " + endpoint + " does not answer within 10s",
		Cure: "check that it runs, and the network and firewalls on the way to it",
	}}, found)
}

// examined returns what is told of a server, of one grade.
func examined(t *testing.T, endpoint string, grade adaptors.Grade) (told []string) {
	for _, f := range s3store.Kind().Examine(t.Context(), &s3store.Config{
		Bucket: "bucket", Endpoint: endpoint, Credentials: s3store.Credentials{AccessKeyID: "k", SecretAccessKey: "s"},
	}, adaptors.Env{}) {
		if f.Grade == grade {
			told = append(told, f.Text)
		}
	}
	return told
}

// The server is that of openOther.
func TestExaminationOfServerThatReplacesOtherwise(t *testing.T) {
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("bucket"))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	told := examined(t, server.URL, adaptors.Warning)
	require.Len(t, told, 5, told)
	assert.Equal(t, "bucket bucket: the server keeps the metadata of an object that is replaced", told[0])
	assert.Equal(t, "bucket bucket: the server answers the write of a large object with another ETag than it has then", told[1])
}
