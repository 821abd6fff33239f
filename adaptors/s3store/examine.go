package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/seed90475182/restspace/adaptors"
)

// examination is what is found out about the server of a bucket.
type examination struct {
	*Store
	title    string // of the bucket, with its prefix
	findings []adaptors.Finding
}

// answerTime is how long a server that is examined may take to be asked for its
// bucket.
const answerTime = 10 * time.Second

// examine tells how well a server does for a store. It writes objects of names
// that no document has, and removes them.
func examine(ctx context.Context, c Config, env adaptors.Env) []adaptors.Finding {
	e := &examination{title: strings.TrimSuffix("bucket "+c.Bucket+"/"+c.Prefix, "/")}
	inTime, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	store, err := Open(inTime, c, env)
	switch {
	case err != nil && errors.Is(inTime.Err(), context.DeadlineExceeded):
		e.problem(fmt.Sprintf("%s: %s does not answer within %s", e.title, c.place(), answerTime), "check that it runs, and the network and firewalls on the way to it")
		return e.findings
	case err != nil:
		e.problem(err.Error(), "")
		e.clock(serverTime(err))
		return e.findings
	}
	defer store.Close()
	e.Store = store
	if out, err := store.api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &store.bucket}); err == nil {
		said, _ := middleware.GetServerTime(out.ResultMetadata)
		e.clock(said)
	}
	if e.writes(ctx) {
		e.replaces(ctx)
		e.compares(ctx)
		e.lists(ctx)
	}
	return e.findings
}

// place names the server.
func (c *Config) place() string {
	if c.Endpoint == "" {
		return "the server of its region"
	}
	return "the endpoint " + c.Endpoint
}

func (e *examination) tell(grade adaptors.Grade, text, cure string) {
	e.findings = append(e.findings, adaptors.Finding{Check: "store", Grade: grade, Text: text, Cure: cure})
}

func (e *examination) problem(text, cure string) { e.tell(adaptors.Problem, text, cure) }

// clock compares the clocks, where the server has said its time.
func (e *examination) clock(said time.Time) {
	if !said.IsZero() {
		e.findings = append(e.findings, adaptors.ClockFinding("the S3 server of "+e.title, said))
	}
}

// serverTime returns the time that an answer says which an error is about.
func serverTime(err error) time.Time {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil {
		return time.Time{}
	}
	said, _ := http.ParseTime(answer.Response.Header.Get("Date"))
	return said
}

// writes finds out whether an object is kept as it is written, and reports
// whether more can be tried.
func (e *examination) writes(ctx context.Context) bool {
	id := newWrite()
	object := e.prefix + ".try-" + id
	defer e.removeTrial(ctx, object)
	in := &s3.PutObjectInput{Bucket: &e.bucket, Key: &object, Body: bytes.NewReader([]byte("0123456789")), Metadata: map[string]string{writeKey: id}}
	if _, err := e.api.PutObject(ctx, in); err != nil {
		e.unwritten(err)
		return false
	}
	e.tell(adaptors.Good, e.title+" can be read and written", "")
	out, err := e.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &e.bucket, Key: &object, Range: aws.String("bytes=2-4")})
	if err != nil {
		e.problem(e.title+": an object that was just written can't be read: "+answer(err), "give the credentials the right s3:GetObject, or use another server")
		return true
	}
	defer out.Body.Close()
	if f := factsOf(out.ETag, nil, nil, out.Metadata); f.etag == "" || f.write != id {
		e.problem(e.title+": the server loses the ETag or the metadata of an object", "use another server: without them a write can't be told from another")
	}
	if aws.ToString(out.ContentRange) != "bytes 2-4/10" {
		e.tell(adaptors.Warning, e.title+": the server gives the whole of an object where a range is asked for", "use another server where parts of large files are asked for")
	}
	return true
}

// unwritten tells why nothing can be written.
func (e *examination) unwritten(err error) {
	if status(err) != http.StatusForbidden {
		e.problem(e.title+": nothing can be written: "+answer(err), "see what the server's own log says of it")
		return
	}
	e.tell(adaptors.Warning, e.title+" can only be read ("+answer(err)+"), so that its conditions were not tried",
		"give the credentials the rights s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload, unless that is meant")
}

// replaces finds out whether nothing is left of an object that another one
// replaces, and whether that has the ETag that was answered.
func (e *examination) replaces(ctx context.Context) {
	id := newWrite()
	object := e.prefix + ".try-" + id
	defer e.removeTrial(ctx, object)
	_, err := e.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &e.bucket, Key: &object, Body: bytes.NewReader(nil), Metadata: map[string]string{writeKey: id}})
	var etag *string
	if err == nil {
		etag, err = e.onePart(ctx, object, []byte("x"), nil, guard{})
	}
	var now *facts
	if err == nil {
		now, err = e.look(ctx, object)
	}
	if err != nil || now == nil {
		return // which is told where the conditions of such writes are tried
	}
	if now.write != "" {
		e.tell(adaptors.Warning, e.title+": the server keeps the metadata of an object that is replaced",
			"use another server where other tools write to the bucket: what they write passes for a write of restspace")
	}
	if said := bare(etag); said != "" && now.etag != said {
		e.tell(adaptors.Warning, e.title+": the server answers the write of a large object with another ETag than it has then",
			"use another server where clients send the ETag of such a write back: they are answered with 412")
	}
}

// compares tries the conditions of writes.
func (e *examination) compares(ctx context.Context) {
	lacks := make(map[*ability]bool)
	for _, a := range []*ability{&e.createOnly, &e.replaceIf, &e.deleteIf, &e.createOnlyFromParts, &e.replaceFromParts} {
		does, err := e.tried(ctx, a)
		if err == nil && does {
			continue
		}
		lacks[a] = true
		if err != nil {
			e.problem(fmt.Sprintf("%s: whether the server compares, in the moment of a write, %s, can't be tried: %s", e.title, a.what, answer(err)), "try again when it answers")
			continue
		}
		e.tell(adaptors.Warning, fmt.Sprintf("%s: the server does not compare, in the moment of a write, %s: requests with such a condition are answered with 501", e.title, a.what),
			"have clients send no such condition, or use another server or a newer version of this one")
	}
	alone := lacks[&e.createOnly] || lacks[&e.replaceIf] || e.race(ctx)
	if alone && len(lacks) == 0 {
		e.tell(adaptors.Good, e.title+": the server compares all conditions of writes", "")
	}
}

// lists finds out whether a listing is in the order of bytes, and begins where it
// is to.
func (e *examination) lists(ctx context.Context) {
	stem := e.prefix + ".try-" + newWrite()
	names := []string{stem + "B", stem + "a"} // any other order puts the a first
	for _, name := range names {
		defer e.removeTrial(ctx, name)
		if _, err := e.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &e.bucket, Key: &name, Body: bytes.NewReader(nil)}); err != nil {
			e.problem(e.title+": its listing can't be tried: "+answer(err), "try again when it answers")
			return
		}
	}
	in := &s3.ListObjectsV2Input{Bucket: &e.bucket, Prefix: &stem}
	whole, err := e.api.ListObjectsV2(ctx, in)
	if err == nil && (len(whole.Contents) != 2 || *whole.Contents[0].Key != names[0]) {
		err = errors.New("it is not in the order of bytes, or lacks what was just written")
	}
	if err == nil {
		var rest *s3.ListObjectsV2Output
		in.StartAfter = &names[0]
		if rest, err = e.api.ListObjectsV2(ctx, in); err == nil && (len(rest.Contents) != 1 || *rest.Contents[0].Key != names[1]) {
			err = errors.New("it does not begin after the name that it is told")
		}
	}
	if err != nil {
		e.problem(e.title+": the server's listing: "+answer(err), "use another server: documents would be left out of directories")
		return
	}
	e.tell(adaptors.Good, e.title+": the server lists what was just written, in the order of bytes", "")
}
