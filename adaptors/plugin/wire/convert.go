package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed90475182/restspace/adaptors"
)

// KeyOf returns the message of a key.
func KeyOf(k adaptors.Key) *Key { return &Key{Segments: k} }

// Key returns the key of a message.
func (k *Key) Key() adaptors.Key { return k.GetSegments() }

// RangeOf returns the message of a range; nil is the whole.
func RangeOf(r *adaptors.Range) *Range {
	if r == nil {
		return nil
	}
	return &Range{First: r.First, Last: r.Last}
}

// Options returns what a request asks for.
func (r *GetRequest) Options() adaptors.GetOptions {
	o := adaptors.GetOptions{Meta: r.GetMeta()}
	if r.GetRange() != nil {
		o.Range = &adaptors.Range{First: r.GetRange().GetFirst(), Last: r.GetRange().GetLast()}
	}
	return o
}

// InfoOf returns the message of the facts of a document.
func InfoOf(i adaptors.Info) *Info {
	return &Info{Name: i.Name, Dir: i.Dir, Size: i.Size, ModTime: timeOf(i.ModTime), Etag: i.ETag, Content: i.Content}
}

// Info returns the facts in a message.
func (i *Info) Info() adaptors.Info {
	return adaptors.Info{Name: i.GetName(), Dir: i.GetDir(), Size: i.GetSize(), ModTime: moment(i.GetModTime()), ETag: i.GetEtag(), Content: i.GetContent()}
}

// ConditionOf returns the message of a condition; nil always holds.
func ConditionOf(c *adaptors.Condition) *Condition {
	if c.Unconditional() {
		return nil
	}
	return &Condition{
		Exists:          c.Exists,
		Absent:          c.Absent,
		Match:           etagsOf(c.Match),
		NoneMatch:       etagsOf(c.NoneMatch),
		UnmodifiedSince: timeOf(c.Unmodified),
	}
}

// Condition returns the condition in a message.
func (c *Condition) Condition() adaptors.Condition {
	return adaptors.Condition{
		Exists:     c.GetExists(),
		Absent:     c.GetAbsent(),
		Match:      c.GetMatch().list(),
		NoneMatch:  c.GetNoneMatch().list(),
		Unmodified: moment(c.GetUnmodifiedSince()),
	}
}

// etagsOf keeps nil, which is no condition, apart from none.
func etagsOf(list []string) *ETags {
	if list == nil {
		return nil
	}
	return &ETags{Etags: list}
}

func (e *ETags) list() []string {
	if e == nil {
		return nil
	}
	return append([]string{}, e.GetEtags()...)
}

func timeOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
