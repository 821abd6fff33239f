package scripttest_test

import (
	"testing"

	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/scripttest"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScripts(t *testing.T) {
	scripttest.Test(t, runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}, "testdata/*.txtar")
}
