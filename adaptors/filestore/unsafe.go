//go:build unsafecontrol

package filestore

import (
	"os"
	"slices"
	"strings"
)

// RESTSPACE_UNSAFE lists what is left out: "conditions", "directories" and
// "failures", with commas between them.
var (
	comparesConditions = !leftOut("conditions")
	syncsDirectories   = !leftOut("directories")
	heedsFailedSyncs   = !leftOut("failures")
)

func leftOut(part string) bool {
	return slices.Contains(strings.Split(os.Getenv("RESTSPACE_UNSAFE"), ","), part)
}
