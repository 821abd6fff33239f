package access_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/access"
)

func rulesOf(t *testing.T, read, write, create string) *access.Rules {
	return &access.Rules{Read: parse(t, read), Write: parse(t, write), Create: parse(t, create), Manage: new(access.Spec)}
}

func asIs(path []string) []string { return path }

func TestRecordsAreRead(t *testing.T) {
	ann := &bus.User{Email: "ann@x.org", Roles: []string{"U"}, Fields: map[string]string{"level": "3", "vip": "true", "none": ""}}
	for _, row := range []struct {
		rule, document string
		want           bool
	}{
		{"U ${owner=email}", `{"owner":"ann@x.org"}`, true},
		{"U ${owner=email}", `{"a":{"owner":"b"}, "own\u0065r" : "ann\u0040x.org"}`, true},
		{"U ${owner=email}", `{"owner":"bob@x.org"}`, false},
		{"U ${owner=email}", `{"owner":"ANN@x.org"}`, false},
		{"U ${owner=email}", `{"owner":["ann@x.org"]}`, false},
		{"U ${owner=email}", `{"a":{"owner":"ann@x.org"}}`, false},
		{"U ${owner=email}", `{"owner":"ann@x.org","owner":"bob@x.org"}`, false},
		{"U ${owner=email}", `{"owner":"bob@x.org","owner":"ann@x.org"}`, false},
		{"U ${owner=email}", `{"owner":"ann@x.org"`, false},
		{"U ${owner=email}", `[{"owner":"ann@x.org"}]`, false},
		{"U ${owner=email}", ``, false},
		{"U ${level=level}", `{"level":3}`, true},
		{"U ${level=level}", `{"level":"3"}`, true},
		{"U ${level=level}", `{"level":3.0}`, false},
		{"U ${vip=vip}", `{"vip":true}`, true},
		{"U ${none=none}", `{"none":""}`, false},
		{"U ${missing=missing}", `{"missing":null}`, false},
		{"U ${missing=missing}", `{}`, false},
		{"U ${owner=email} ${level=level}", `{"owner":"ann@x.org","level":3}`, true},
		{"U ${owner=email} ${level=level}", `{"owner":"ann@x.org","level":4}`, false},
		{"U /a U ${owner=email}", `{}`, false},
		{"U ${owner=email} /a U", `{}`, true},
	} {
		r := rulesOf(t, row.rule, "none", "none").Records(ann, asIs)
		require.NotNil(t, r)
		assert.Equal(t, row.want, r.Reads([]string{"a"}, []byte(row.document)), "%s %s", row.rule, row.document)
	}
	assert.False(t, rulesOf(t, "all ${owner=email}", "none", "none").Records(nil, asIs).Reads(nil, []byte(`{"owner":""}`)))
	assert.Nil(t, rulesOf(t, "U", "U", "U").Records(ann, asIs))
}

func TestRecordsAreWritten(t *testing.T) {
	const (
		ann, bob  = `{"owner":"ann@x.org"}`, `{"owner":"bob@x.org"}`
		own       = "U ${owner=email}"
		sentByAnn = `{"owner":"bob@x.org","from":"ann@x.org"}`
	)
	for _, row := range []struct {
		read, write, create string
		before, after       string
		want                int
	}{
		{own, own, own, ann, ann, 0},
		{own, own, own, "", ann, 0},
		{own, own, own, ann, "", 0},
		{own, own, own, bob, ann, 404},
		{own, own, own, bob, "", 404},
		{own, own, own, ann, bob, 403},
		{own, own, own, "", bob, 403},
		{own, own, own, ann, "{}", 403},
		{"U", own, own, bob, ann, 403},
		{"U", own, own, bob, "", 403},
		{own, "U", "U", bob, ann, 404}, // nobody changes what they can't see
		{own, "U", "U", ann, bob, 0},
		{own, "U", own, "", bob, 403},
		{"none", own, own, bob, ann, 404},
		{"none", own, own, ann, ann, 0},
		{own, "none", "U ${from=email}", "", sentByAnn, 0},
	} {
		r := rulesOf(t, row.read, row.write, row.create).Records(user("ann@x.org", "U"), asIs)
		var before, after []byte
		if row.before != "" {
			before = []byte(row.before)
		}
		if row.after != "" {
			after = []byte(row.after)
		}
		err := r.Writes([]string{"a"}, before, after)
		if row.want == 0 {
			assert.NoError(t, err, "%+v", row)
			continue
		}
		require.Error(t, err, "%+v", row)
		assert.Equal(t, row.want, bus.Classify(err).Status, "%+v", row)
	}
	err := rulesOf(t, "all", "all ${owner=email}", "all").Records(nil, asIs).Writes(nil, []byte(bob), nil)
	assert.Equal(t, 401, bus.Classify(err).Status)
}
