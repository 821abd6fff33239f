package hashing

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services/account"
)

// question is what the process is asked: for a hash of the password, or whether
// the password has the one that is there.
type question struct {
	ID       uint64 `json:"id"`
	Password []byte `json:"password"` // any bytes
	Hash     string `json:"hash,omitzero"`
}

// answer is what it says to the question with the ID.
type answer struct {
	ID    uint64 `json:"id"`
	Hash  string `json:"hash,omitzero"`
	OK    bool   `json:"ok,omitzero"`
	Error string `json:"error,omitzero"` // "" where it could be answered
}

// Serve answers the questions of a Process until they end, and returns when all
// have their answers. It works on all at the same time: who asks knows how many
// are good.
func Serve(questions io.Reader, answers io.Writer) error {
	from, to := jsontext.NewDecoder(questions), jsontext.NewEncoder(answers)
	var (
		working sync.WaitGroup
		writing sync.Mutex
		gone    error // nobody reads the answers
	)
	for {
		var q question
		err := json.UnmarshalDecode(from, &q)
		if err != nil {
			working.Wait()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, gone)
		}
		working.Go(func() {
			a := q.work()
			writing.Lock()
			defer writing.Unlock()
			gone = errors.Join(gone, json.MarshalEncode(to, a))
		})
	}
}

// work returns the answer.
func (q *question) work() (a answer) {
	a.ID = q.ID
	var err error
	worker := account.InProcess(1)
	if q.Hash == "" {
		a.Hash, err = worker.Hash(context.Background(), string(q.Password))
	} else {
		a.OK, err = worker.Check(context.Background(), string(q.Password), q.Hash)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

// niceness is the priority of the process: the server comes first.
const niceness = 10

// StepBack has a process that is only to Serve be out of the way: it has a lower
// priority, and leaves signals to the server, whose end it sees by that of the
// questions. One that does not lead its process group keeps its priority: that is
// of others too.
func StepBack() {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if syscall.Getpgrp() == os.Getpid() {
		// Of the group, since on Linux that of a process is the one of a thread. It
		// works as well, if not as quietly, where the system refuses it.
		_ = syscall.Setpriority(syscall.PRIO_PGRP, 0, niceness)
	}
}
