package cli

import (
	"fmt"

	"github.com/seed90475182/restspace/runtime/transfer"
)

// summary returns what was done, or would be.
func summary(c transfer.Counts, dryRun bool) string {
	if dryRun {
		return fmt.Sprintf("would copy %s, %d equal, would remove %d, %d failed", documents(c.Copied), c.Equal, c.Removed, c.Failed)
	}
	return fmt.Sprintf("copied %s (%s), %d equal, %d removed, %d failed", documents(c.Copied), sizeOf(c.Bytes), c.Equal, c.Removed, c.Failed)
}

func documents(n int64) string {
	if n == 1 {
		return "1 document"
	}
	return fmt.Sprintf("%d documents", n)
}

// sizeOf returns a number of bytes as people read it.
func sizeOf(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	size, unit := float64(bytes)/1000, 0
	for size >= 999.95 && unit < len(units)-1 {
		size, unit = size/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", size, units[unit])
}

const units = "kMGTPE"
