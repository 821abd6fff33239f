package all_test

import (
	"flag"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

// longForm is the variable of the environment that has the machine run for
// longer.
const longForm = "RESTSPACE_CRASH"

// TestStoresAgree does the same random steps with stores of all sorts that see
// when a key is the prefix of another.
func TestStoresAgree(t *testing.T) {
	m := &machine{t: t, conflicts: true, longest: 255, stores: []*driven{memory(), files(t)}}
	checks(t, 60, 1000)
	rapid.Check(t, m.run)
}

// TestStoresAgreeWithS3 does the same with objects of a real S3 server beside
// them. That server can't replace one whose name has 255 bytes: it adds to the
// name while it does.
func TestStoresAgreeWithS3(t *testing.T) {
	m := &machine{t: t, longest: 200, stores: []*driven{memory(), files(t), objects(t)}}
	checks(t, 8, 200)
	rapid.Check(t, m.run)
}

// checks sets how many sequences of steps are tried, unless -rapid.checks does.
func checks(t *testing.T, short, long int) {
	t.Helper()
	before := flag.Lookup("rapid.checks")
	n := short
	if os.Getenv(longForm) != "" {
		n = long
	}
	if value := before.Value.String(); value == before.DefValue {
		require.NoError(t, flag.Set("rapid.checks", strconv.Itoa(n)))
		t.Cleanup(func() { require.NoError(t, flag.Set("rapid.checks", value)) })
	}
}

func memory() *driven {
	return &driven{name: "memory", open: func(*testing.T, string) adaptors.Store { return memstore.New() }}
}

// files is a store of another directory for each sequence of steps.
func files(t *testing.T) *driven {
	return &driven{name: "file", empty: t.TempDir, open: func(t *testing.T, place string) adaptors.Store {
		s, err := filestore.Open(filestore.Config{Root: place}, adaptors.Env{})
		require.NoError(t, err)
		return s
	}}
}

// objects is a store of another bucket for each sequence of steps.
func objects(t *testing.T) *driven {
	server := s3test.Start(t)
	return &driven{name: "s3", empty: func() string { return server.Bucket(t) }, open: func(t *testing.T, place string) adaptors.Store {
		s, err := s3store.Open(t.Context(), s3store.Config{
			Bucket: place, Endpoint: server.Endpoint,
			Credentials: s3store.Credentials{AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey},
		}, adaptors.Env{})
		require.NoError(t, err)
		return s
	}}
}
