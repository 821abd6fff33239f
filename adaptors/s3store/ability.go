package s3store

import (
	"bytes"
	"context"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/seed90475182/restspace/bus"
)

// ability is a sort of condition that a server may or may not compare. It is
// tried when it is first needed.
type ability struct {
	what string // that is compared
	try  func(ctx context.Context, s *Store, object string) error

	mu          sync.Mutex
	tried, does bool
}

// wrongETag is one that no object has.
var wrongETag = aws.String(`"ffffffffffffffffffffffffffffffff"`)

// demand returns an error unless the server has the ability, with what a client can
// do about it.
func (a *ability) demand(ctx context.Context, s *Store) error {
	does, err := a.known(ctx, s)
	if err != nil || does {
		return err
	}
	return a.lack(": send no condition, or keep the documents elsewhere")
}

// known reports whether the server has the ability.
func (a *ability) known(ctx context.Context, s *Store) (does bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.tried {
		does, err := s.tried(ctx, a)
		if err != nil {
			return false, err
		}
		a.tried, a.does = true, does
	}
	return a.does, nil
}

// lack is the error that the server has not got the ability.
func (a *ability) lack(cure string) error {
	return &bus.Error{Status: http.StatusNotImplemented, Type: bus.TypeCondition,
		Detail: "the storage of the documents does not compare, in the moment of a write, " + a.what + cure}
}

// Conditions is what adaptors.Keep calls by that name.
func (s *Store) Conditions(ctx context.Context) error {
	for _, a := range []*ability{&s.createOnly, &s.replaceIf} {
		does, err := a.known(ctx, s)
		if err == nil && !does {
			err = a.lack("")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tried tries an ability on an object of its own: the try is a request with a
// condition that does not hold, so that it must fail for that.
func (s *Store) tried(ctx context.Context, a *ability) (does bool, err error) {
	object := s.prefix + ".try-" + newWrite() // the name of no document
	defer s.removeTrial(ctx, object)
	if _, err := s.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &object, Body: bytes.NewReader(nil)}); err != nil {
		return false, failure(ctx, err)
	}
	err = a.try(ctx, s, object)
	switch {
	case err == nil, status(err) == http.StatusNotImplemented:
		return false, nil
	case otherwise(err):
		return true, nil
	}
	return false, failure(ctx, err)
}

// removeTrial removes the object of a trial, also when the time of the caller is
// over. Nobody sees it if that fails.
func (s *Store) removeTrial(ctx context.Context, object string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_, _ = s.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &object})
}

func tryCreateOnly(ctx context.Context, s *Store, object string) error {
	_, err := s.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &object, Body: bytes.NewReader(nil), IfNoneMatch: aws.String("*")})
	return err
}

func tryReplaceIf(ctx context.Context, s *Store, object string) error {
	_, err := s.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.bucket, Key: &object, Body: bytes.NewReader(nil), IfMatch: wrongETag})
	return err
}

func tryDeleteIf(ctx context.Context, s *Store, object string) error {
	_, err := s.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &object, IfMatch: wrongETag})
	return err
}

func tryCreateOnlyFromParts(ctx context.Context, s *Store, object string) error {
	_, err := s.onePart(ctx, object, []byte("x"), nil, guard{noneMatch: aws.String("*")})
	return err
}

func tryReplaceFromParts(ctx context.Context, s *Store, object string) error {
	_, err := s.onePart(ctx, object, []byte("x"), nil, guard{match: wrongETag})
	return err
}
