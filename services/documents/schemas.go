package documents

import (
	"sync"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/services/documents/schema"
)

// What is remembered of schemas at most: of how many directories, and how many
// bytes of text their schemas were made of.
const (
	maxRemembered = 1_000
	maxSchemaText = 8 << 20
)

// schemas remembers the schemas of directories, as they were at an ETag, and
// which directories have none. Safe for concurrent use.
type schemas struct {
	keep *adaptors.Keep

	mu      sync.Mutex
	dirs    map[string]*remembered // by appendDirNames
	text    int64                  // size of all in dirs
	changes int                    // how often one was written here
}

// remembered is what was found in a directory. It does not change.
type remembered struct {
	looked time.Time      // when it was as it is here
	etag   string         // of the schema
	size   int64          // of its text
	schema *schema.Schema // nil where the directory has none, or has a fault
	fault  error          // why what is there is no schema
}

// isThere reports whether the directory has a schema, even if it is not valid.
func (r *remembered) isThere() bool { return r.schema != nil || r.fault != nil }

// recall returns what is known of a directory, nil if nothing is, and what
// remember needs of what is found there after this.
func (s *schemas) recall(dir []byte) (known *remembered, changes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dirs[string(dir)], s.changes
}

// remember keeps what was found in a directory, unless a schema was written
// meanwhile, and forgets about others where there is no room.
func (s *schemas) remember(dir []byte, found *remembered, changes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if changes != s.changes {
		return
	}
	s.forget(string(dir))
	for other := range s.dirs {
		if len(s.dirs) < maxRemembered && s.text+found.size <= maxSchemaText {
			break
		}
		s.forget(other)
	}
	s.dirs[string(dir)] = found
	s.text += found.size
}

// changed forgets the schema at a key, so that the next reader looks at it.
func (s *schemas) changed(key adaptors.Key) {
	name, _ := appendDirNames(nil, nil, key[:len(key)-1])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	s.forget(string(name))
}

func (s *schemas) forget(dir string) {
	if known, ok := s.dirs[dir]; ok {
		s.text -= known.size
		delete(s.dirs, dir)
	}
}

// appendDirNames appends the name of a directory, of which the names of those
// above it are the beginnings: that of n segments ends at ends[n].
func appendDirNames(name []byte, ends []int, dir adaptors.Key) ([]byte, []int) {
	ends = append(ends, 0)
	for _, segment := range dir {
		name = append(append(name, adaptors.EscapeName(segment)...), '/')
		ends = append(ends, len(name))
	}
	return name, ends
}
