package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// askForBucket returns an error unless the server lets the bucket be listed. The
// error says what of the config is wrong, as far as the server tells.
func (s *Store) askForBucket(ctx context.Context) error {
	_, err := s.api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket})
	if err == nil {
		return nil
	}
	first := err
	if status(err) != 0 && !errors.Is(err, errNoKeys) { // an answer to HEAD does not say why
		if _, err = s.api.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.bucket, MaxKeys: aws.Int32(1)}); err == nil {
			err = first
		}
	}
	switch ended := ctx.Err(); {
	case errors.Is(ended, context.DeadlineExceeded):
		return &startError{"bucket " + s.bucket + ": " + s.where() + " does not answer: check that it runs, and what is between", ended}
	case ended != nil:
		return ended
	}
	return &startError{"bucket " + s.bucket + s.fault(err, region(first)), failure(ctx, err)}
}

// startError is why a store can't be opened, without what the SDK says about it.
type startError struct {
	text  string
	cause error
}

// Error is part of error.
func (e *startError) Error() string { return e.text }

// Unwrap returns the SDK's error.
func (e *startError) Unwrap() error { return e.cause }

// fault says what to write instead, for the answer err. is is the region of the
// bucket, if the server says so.
func (s *Store) fault(err error, is string) string {
	asked := s.api.Options().Region
	if is != "" && is != asked {
		return fmt.Sprintf(` is in the region %q, not in %q: write that as "region"`, is, asked)
	}
	if errors.Is(err, errNoKeys) {
		return ": " + errNoKeys.Error()
	}
	switch c := code(err); c {
	case "NoSuchBucket":
		return " does not exist: make it, or write another one"
	case "InvalidAccessKeyId", "XAdminUserNotFound": // the second is of a server other than Amazon's
		return ": the server does not know the access key: write another one as accessKeyId"
	case "SignatureDoesNotMatch":
		return ": the secret is not that of the access key: write another one as secretAccessKey"
	case "InvalidBucketName":
		return ": the server takes no such name for a bucket: write another one"
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
		return fmt.Sprintf(`: it is not in the region %q, or the server is not: write another one as "region" (%s)`, asked, answer(err))
	case "ExpiredToken", "InvalidToken":
		return ": the credentials have ended, or the session token is not theirs: get new ones"
	}
	switch status(err) {
	case 0:
		return s.unreached(err)
	case http.StatusNotFound:
		return " does not exist, or not for this access key: make it, or write another one (" + answer(err) + ")"
	case http.StatusForbidden:
		return ": the credentials may not list it: give them the right to, or write other ones (" + answer(err) + ")"
	}
	return ": the server refuses to list it: " + answer(err)
}

// unreached says why a request has no answer.
func (s *Store) unreached(err error) string {
	var sent *url.Error
	if !errors.As(err, &sent) {
		return ": " + err.Error()
	}
	at := s.where()
	if strings.Contains(sent.Err.Error(), "HTTP response to HTTPS client") {
		return ": " + at + " does not speak TLS: write http:// in place of https://"
	}
	return ": " + at + " can't be reached: " + sent.Err.Error()
}

// where names the server.
func (s *Store) where() string {
	if endpoint := s.api.Options().BaseEndpoint; endpoint != nil {
		return "the endpoint " + *endpoint
	}
	return "the server of its region"
}

// answer is what a server says of an error.
func answer(err error) string {
	var named smithy.APIError
	switch {
	case !errors.As(err, &named):
		return err.Error()
	case named.ErrorMessage() == "" || named.ErrorMessage() == named.ErrorCode():
		return named.ErrorCode()
	}
	return named.ErrorCode() + ": " + named.ErrorMessage()
}
