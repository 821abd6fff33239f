package s3store_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

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
