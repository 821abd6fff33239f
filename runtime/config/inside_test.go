package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime/config"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestLibIsThereUnlessSomethingElseIs(t *testing.T) {
	kinds := config.Kinds{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}
	for file, want := range map[string]int{
		`{"services": []}`: 1,
		`{"services": [{"name": "lib", "basePath": "/lib", "service": "lib", "readRoles": "all"}]}`:                           0,
		`{"services": [{"name": "a", "basePath": "/lib", "service": "json", "adaptor": "memory", "readRoles": "all"}]}`:       0,
		`{"services": [{"name": "lib", "basePath": "/other", "service": "lib", "readRoles": "all"}]}`:                         1,
		`{"services": [{"name": "a", "basePath": "/lib.", "service": "lib", "readRoles": "all"}]}`:                            1,
		`{"services": [{"name": "a", "basePath": "/lib/log", "service": "json", "adaptor": "memory", "readRoles": "all"}]}`:   1,
		`{"services": [{"name": "a", "basePath": "/", "service": "pipeline", "pipeline": ["/lib/log"], "readRoles": "all"}]}`: 1,
	} {
		c, err := config.Parse("services.json", []byte(file), kinds, config.Lookup{})
		require.NoError(t, err)
		assert.Len(t, c.Inside, want, file)
	}
	_, err := config.Parse("services.json", []byte(`{"services": [{"name": "a", "basePath": "/a", "service": "pipeline", "pipeline": ["/lip/x"], "readRoles": "all"}]}`), kinds, config.Lookup{})
	assert.ErrorContains(t, err, "did you mean /lib?")
	c, err := config.Parse("services.json", []byte(`{"services": []}`), config.Kinds{}, config.Lookup{})
	require.NoError(t, err)
	assert.Empty(t, c.Inside, "where there is no such Kind")
}
