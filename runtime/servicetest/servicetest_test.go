package servicetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime/servicetest"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachKindOnAnotherServer(t *testing.T) {
	remote, ok := servicelist.Registry().Kind("remote")
	require.True(t, ok)
	for _, kind := range servicelist.Registry().Kinds() {
		t.Run(kind.Name, func(t *testing.T) { servicetest.Remote(t, remote, kind, adaptorlist.Registry()) })
	}
}

func TestEachKindKeepsTheConventions(t *testing.T) {
	for _, kind := range servicelist.Registry().Kinds() {
		t.Run(kind.Name, func(t *testing.T) { servicetest.Kind(t, kind, adaptorlist.Registry()) })
	}
}
