package all_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/all"
)

func TestNames(t *testing.T) {
	var names []string
	for _, kind := range all.Registry().Kinds() {
		names = append(names, kind.Name)
	}
	assert.Equal(t, []string{"file", "gotemplate", "memory", "s3", "smtp"}, names)
}

func TestExamplesWork(t *testing.T) {
	for _, kind := range all.Registry().Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			assert.Contains(t, kind.Doc, "# "+kind.Name+"\n")
			config := kind.Config()
			require.NoError(t, json.Unmarshal([]byte(kind.Example), config))
			if kind.Name == "s3" {
				t.Skip("it needs the bucket; its own tests open one")
			}
			made, err := kind.New(t.Context(), config, adaptors.Env{Name: "example", Log: slog.New(slog.DiscardHandler), Pool: new(adaptors.Pool)})
			require.NoError(t, err)
			if closer, ok := made.(io.Closer); ok {
				defer func() { assert.NoError(t, closer.Close()) }()
			}
			switch kind.Of {
			case adaptors.StoreInterface:
				assert.Implements(t, (*adaptors.Store)(nil), made)
			case adaptors.MailerInterface:
				assert.Implements(t, (*adaptors.Mailer)(nil), made)
			case adaptors.EngineInterface:
				assert.Implements(t, (*adaptors.Engine)(nil), made)
			default:
				t.Errorf("%q is no interface of package adaptors", kind.Of)
			}
		})
	}
}
