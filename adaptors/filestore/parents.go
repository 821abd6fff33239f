package filestore

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
)

// parents are the open directories from the root down to that of a document.
type parents struct {
	root  *root
	names []string // of those below the root
	dirs  []dir    // one for each name
	made  int      // the depth of the highest that was made on the way; 0 is none
}

// place opens or makes the directories of key, and brings a temporary file
// there. No directory is removed meanwhile.
func (p *parents) place(t *temporary, key adaptors.Key, c *adaptors.Condition) (created bool, err error) {
	p.root.tree.RLock()
	defer p.root.tree.RUnlock()
	if err := p.descend(key[:len(key)-1], p.make); err != nil {
		return false, err
	}
	return p.root.replace(t, p.lowest(), key, c)
}

// descend goes down the directories of key, opening each by step.
func (p *parents) descend(key adaptors.Key, step func(name string) (dir, error)) error {
	for _, segment := range key {
		name := adaptors.EscapeName(segment)
		d, err := step(name)
		if err != nil {
			return err
		}
		p.names, p.dirs = append(p.names, name), append(p.dirs, d)
	}
	return nil
}

// open opens a directory in the lowest one.
func (p *parents) open(name string) (dir, error) { return p.lowest().open(name) }

// make opens a directory in the lowest one, making it if it is missing. It
// tries again where what was in the way, or the directory, went meanwhile.
func (p *parents) make(name string) (dir, error) {
	for {
		d, err := p.open(name)
		switch {
		case errors.Is(err, unix.ENOTDIR):
			return 0, fs.ErrExist
		case !errors.Is(err, unix.ENOENT):
			return d, err
		}
		err = p.lowest().mkdir(name, 0o750)
		if err == nil && p.made == 0 {
			p.made = len(p.dirs) + 1
		}
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return 0, fault(err)
		}
	}
}

// lowest returns the directory of the document.
func (p *parents) lowest() dir { return p.at(len(p.dirs)) }

// at returns the directory of that depth; 0 is the root.
func (p *parents) at(depth int) dir {
	if depth == 0 {
		return p.root.base
	}
	return p.dirs[depth-1]
}

// flush syncs the directory of the document and those that hold a new one,
// the lowest first.
func (p *parents) flush() error {
	highest := len(p.dirs)
	if p.made > 0 {
		highest = p.made - 1
	}
	for depth := len(p.dirs); depth >= highest; depth-- {
		if err := p.root.flush(int(p.at(depth))); err != nil {
			return err
		}
	}
	return nil
}

// unmake removes the directories that were made, unless somebody put something
// into them.
func (p *parents) unmake() {
	if p.made > 0 {
		p.prune(p.made)
	}
}

// prune removes the directories that have become empty, up to the one at depth
// highest. The lowest is then the one that holds what is left.
func (p *parents) prune(highest int) {
	if len(p.dirs) < highest {
		return
	}
	p.root.tree.Lock()
	defer p.root.tree.Unlock()
	for depth := len(p.dirs); depth >= highest; depth-- {
		if p.at(depth-1).rmdir(p.names[depth-1]) != nil { // it is not empty
			return
		}
		p.drop()
	}
}

// drop closes the lowest directory and forgets it.
func (p *parents) drop() {
	p.lowest().close()
	p.names, p.dirs = p.names[:len(p.names)-1], p.dirs[:len(p.dirs)-1]
}

func (p *parents) close() {
	for len(p.dirs) > 0 {
		p.drop()
	}
}
