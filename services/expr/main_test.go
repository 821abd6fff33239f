package expr_test

import (
	"testing"

	"go.uber.org/goleak"
)

// The watchdog ends with the last evaluation.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
