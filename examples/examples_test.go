package examples

import (
	"testing"

	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/scripttest"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExamples(t *testing.T) {
	o := runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}
	for _, folder := range []string{"hello"} {
		t.Run(folder, func(t *testing.T) { scripttest.Test(t, o, folder+"/test.txtar") })
	}
}
