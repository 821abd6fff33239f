package s3store

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/seed90475182/restspace/adaptors"
)

// How many writers go for one object at once, and how often.
const (
	racers = 8
	races  = 10
)

// race finds out whether one writer gets what several go for at once, and reports
// whether nothing speaks against it. A server may compare a condition some time
// before it writes: then each condition alone is compared well.
func (e *examination) race(ctx context.Context) bool {
	for range races {
		object := e.prefix + ".try-" + newWrite()
		won, err := e.raceFor(ctx, object)
		e.removeTrial(ctx, object)
		switch {
		case err != nil:
			e.problem(e.title+": several writers at once can't be tried: "+answer(err), "try again when the server answers")
			return false
		case won > 1:
			e.tell(adaptors.Problem, fmt.Sprintf("%s: the server let %d of %d writers win at once that had a condition which only the first one meets: it does not compare it in the moment of the write", e.title, won, racers),
				"use another server where more than one writes: it loses what others have just written, and servers that share a configuration have the turn at the same time")
			return false
		}
	}
	return true
}

// raceFor has writers make an object, and then replace it, each only if no other
// was before. It returns how many could, the most of both.
func (e *examination) raceFor(ctx context.Context, object string) (won int, err error) {
	etags, err := e.writeAtOnce(ctx, object, guard{noneMatch: aws.String("*")})
	if err != nil || len(etags) != 1 {
		return len(etags), err
	}
	etags, err = e.writeAtOnce(ctx, object, guard{match: etags[0]})
	return len(etags), err
}

// writeAtOnce has several writers put contents of their own. It returns the ETags
// of those that could: the others met another one's.
func (e *examination) writeAtOnce(ctx context.Context, object string, g guard) (etags []*string, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	begin := make(chan struct{})
	for range racers {
		all.Go(func() {
			<-begin
			out, failed := e.api.PutObject(ctx, &s3.PutObjectInput{
				Bucket: &e.bucket, Key: &object, Body: bytes.NewReader([]byte(newWrite())), IfMatch: g.match, IfNoneMatch: g.noneMatch,
			})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case failed == nil:
				etags = append(etags, out.ETag)
			case !otherwise(failed) && !conflict(failed):
				err = failed
			}
		})
	}
	close(begin)
	all.Wait()
	return etags, err
}
