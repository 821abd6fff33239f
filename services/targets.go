package services

// A Target is what a service does to others that call it.
type Target struct {
	GetReads  bool // a GET changes nothing
	PostReads bool // nor does a POST
}

// Targets looks up the service that answers at a path, and below it. An error
// says that there is none, and what may be meant.
type Targets func(path []string) (Target, error)

// A Linked config calls other services of the same server. Link is called once
// when all of them are known, after Check, and returns what the service does to
// those that call it. Its errors are like those of Check.
type Linked interface {
	Link(targets Targets) (Target, error)
}
