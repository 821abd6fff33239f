package doctor

import (
	"context"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
)

// How little of a disk may be left.
const (
	leastBytes = 256 << 20
	leastShare = 0.05
)

// disks looks at the space for stores and for temporary files.
func disks(_ context.Context, p *Patient) (found []adaptors.Finding) {
	dirs := append(p.directories(), os.TempDir())
	seen := make(map[unix.Fsid]bool)
	for _, dir := range slices.Compact(dirs) {
		var s unix.Statfs_t
		if _, err := os.Stat(dir); err != nil {
			dir = existing(dir)
		}
		if err := unix.Statfs(dir, &s); err != nil {
			found = append(found, problem("make it, or have TMPDIR name a directory that is there", "the directory %s can't be looked at: %v", dir, err))
			continue
		}
		if !seen[s.Fsid] || s.Fsid == (unix.Fsid{}) {
			found = append(found, space(dir, disk{
				free: s.Bavail * uint64(s.Bsize), size: s.Blocks * uint64(s.Bsize), freeFiles: s.Ffree, files: s.Files,
			}))
		}
		seen[s.Fsid] = true
	}
	return found
}

// disk is how full a file system is: in bytes, and in files.
type disk struct{ free, size, freeFiles, files uint64 }

// space judges what is left at a directory.
func space(dir string, d disk) adaptors.Finding {
	const cure = "remove what is not needed, or make the disk larger: writes fail when nothing is left"
	share := func(part, whole uint64) float64 { return float64(part) / float64(max(whole, 1)) }
	switch {
	case d.free < leastBytes/16:
		return problem(cure, "on the disk of %s there are %s left", dir, sizeOf(d.free))
	case d.files > 0 && d.freeFiles < 100: // a file system may not count them
		return problem(cure, "on the disk of %s there is room for %d more files", dir, d.freeFiles)
	case d.free < leastBytes || share(d.free, d.size) < leastShare && d.free < 20*leastBytes:
		return warning(cure, "on the disk of %s there are only %s left, of %s", dir, sizeOf(d.free), sizeOf(d.size))
	case d.files > 0 && share(d.freeFiles, d.files) < leastShare:
		return warning(cure, "on the disk of %s there is only room for %d more files, of %d", dir, d.freeFiles, d.files)
	}
	return good("on the disk of %s there are %s left", dir, sizeOf(d.free))
}
