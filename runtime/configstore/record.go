package configstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
)

// record is what the servers know of a rollout. It is changed by copying.
type record struct {
	Version string   `json:"version,omitempty"` // that is rolled out
	Servers []string `json:"servers,omitempty"` // that took it over, in the order of their turns; some may have ended
	Failed  *failure `json:"failed,omitempty"`  // why no more take it
	Turn    *turn    `json:"turn,omitempty"`    // nil: it is free
	Good    *content `json:"good,omitempty"`    // what a server starts with; nil before the first
	Write   string   `json:"write"`             // of its own in each write: the ETag of an object may be that of its bytes
}

// failure is why a version is not rolled out.
type failure struct {
	Server string `json:"server"`
	Error  string `json:"error"`
	Absent bool   `json:"absent,omitempty"` // the server has not said so: it had the turn, and was not heard of any more
}

// maxError is how many bytes of an error the record has: whatever is wrong with a
// version, the servers have to be able to read why.
const maxError = 64 << 10

// failureOf returns what the record says of a version that server could not take
// over.
func failureOf(server string, why error) *failure {
	text := why.Error()
	if len(text) > maxError {
		text = text[:maxError] + "..."
	}
	return &failure{Server: server, Error: strings.ToValidUTF8(text, "\uFFFD")}
}

// turn is the right to take a version over.
type turn struct {
	Server  string `json:"server"`
	Version string `json:"version,omitempty"` // which; "" is to put another one there
}

// content is a version with its bytes.
type content struct {
	Version string `json:"version"`
	Content []byte `json:"content"`
}

// versionOf tells the versions of a document apart.
func versionOf(info adaptors.Info) string {
	return info.ETag + " " + info.ModTime.UTC().Format(time.RFC3339Nano)
}

// Suffix makes the name of the record of that of the document.
const Suffix = ".rollout"

// maxRecord has room for a configuration in base64.
const maxRecord = config.MaxBytes*4/3 + 1<<20

// seen is the record when this server last looked.
type seen struct {
	record
	etag  string    // "" is none
	since time.Time // when it was first seen so
}

// quiet returns for how long the record has been seen to stay the same.
func (s *seen) quiet() time.Duration { return time.Since(s.since) }

// look reads the record, if it is another one than before.
func (s *Shared) look(ctx context.Context) (*seen, error) {
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	_, info, err := s.store.Get(ctx, s.beside, adaptors.GetOptions{Meta: true})
	if err == nil && s.seen != nil && info.ETag == s.seen.etag {
		return s.seen, nil
	}
	now := new(seen)
	if err == nil {
		now.etag, err = s.readRecord(ctx, &now.record)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		now.record, now.etag = record{}, ""
		if s.seen != nil && s.seen.etag == "" {
			return s.seen, nil
		}
	case err != nil:
		return nil, err
	}
	now.since = time.Now() // not before the answer: it may have been written meanwhile
	s.seen = now
	return now, nil
}

func (s *Shared) readRecord(ctx context.Context, r *record) (etag string, err error) {
	body, info, err := s.store.Get(ctx, s.beside, adaptors.GetOptions{})
	if err != nil {
		return "", err
	}
	defer body.Close()
	data, err := body.Bytes(maxRecord)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(data, r); err != nil {
		return "", fmt.Errorf("%s%s is no record of a rollout (%w): remove it", s.name, Suffix, err)
	}
	return info.ETag, nil
}

// write makes next the record if it is still as it was seen. If not, the error
// is adaptors.ErrCondition.
func (s *Shared) write(ctx context.Context, was *seen, next record) error {
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	if err := s.Conditions(ctx); err != nil {
		return err
	}
	next.Write = rand.Text()
	data, err := json.Marshal(next, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	condition := adaptors.Condition{Absent: true}
	if was.etag != "" {
		condition = adaptors.Condition{Match: []string{was.etag}}
	}
	info, err := s.store.Put(ctx, s.beside, bus.NewBody(append(data, '\n'), "application/json"), condition)
	if err != nil {
		return err
	}
	s.seen = &seen{next, info.ETag, time.Now()}
	return nil
}

// Conditions returns an error unless the store compares all conditions that the
// record is written on; one of status 501 is for good. Each write asks: a turn that
// was taken on one condition could not be given back on another.
func (s *Shared) Conditions(ctx context.Context) error {
	err := s.store.Conditions(ctx)
	var lacks *bus.Error
	if !errors.As(err, &lacks) || lacks.Status != http.StatusNotImplemented {
		return err
	}
	told := *lacks
	told.Detail += ": several servers can't have their configuration there, since two could have the turn at once; keep it in another store, or in a file of each server"
	return &told
}
