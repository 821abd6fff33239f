package transform_test

import (
	"testing"

	"go.uber.org/goleak"
)

// What a transform starts ends with it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
