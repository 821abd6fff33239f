package runtime_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

const shared = `{"services": [{"name": "box", "basePath": "/box", "service": "json", "adaptor": "shared", "summary": ["owner", "mark"],
	"readRoles": "U ${owner=email}", "writeRoles": "U ${owner=email}", "manageRoles": "M"}]}`

// box is a mount that users share, with the store behind it.
type box struct {
	*testing.T
	server *runtime.Runtime
	store  *memstore.Store
	client *http.Client
	random *rand.Rand
	tokens map[string]string
	marks  int
}

func newBox(t *testing.T, seed uint64) *box {
	b := &box{T: t, store: memstore.New(), client: &http.Client{Transport: &http.Transport{}},
		random: rand.New(rand.NewPCG(seed, 1)), tokens: make(map[string]string)}
	kind := memstore.Kind()
	kind.Name = "shared"
	kind.New = func(context.Context, any, adaptors.Env) (any, error) { return b.store, nil }
	b.server = runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptors.NewRegistry(kind),
		Listen: true, Address: "127.0.0.1:0", LogTo: io.Discard})
	t.Chdir(t.TempDir())
	require.NoError(t, b.server.Load(t.Context(), "services.json", []byte(shared)))
	t.Cleanup(func() {
		b.client.CloseIdleConnections()
		require.NoError(t, b.server.Close(context.Background()))
	})
	for user, roles := range map[string][]string{"ann": {"U", "M"}, "bob": {"U"}, "eve": {"U"}} {
		token, err := b.server.Token(&bus.User{Email: user + "@x.org", Roles: roles}, time.Hour)
		require.NoError(t, err)
		b.tokens[user] = token
	}
	return b
}

// do makes a request, and returns all that its user gets to see.
func (b *box) do(user, method, path, mediaType, body string, header ...string) (int, string, string) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), method, "http://"+b.server.Addr()+"/box"+path, strings.NewReader(body))
	require.NoError(b, err)
	request.Header.Set("Authorization", "Bearer "+b.tokens[user])
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := b.client.Do(request)
	require.NoError(b, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	return response.StatusCode, string(text), fmt.Sprint(response.Header)
}

// everything returns all documents of the store by their names.
func (b *box) everything() map[string]string {
	all := make(map[string]string)
	b.collect(nil, all)
	return all
}

func (b *box) collect(dir adaptors.Key, into map[string]string) {
	for info, err := range b.store.List(b.Context(), dir, adaptors.ListOptions{}) {
		require.NoError(b, err)
		key := append(slices.Clone(dir), info.Name)
		if info.Dir {
			b.collect(key, into)
			continue
		}
		body, _, err := b.store.Get(b.Context(), key, adaptors.GetOptions{})
		require.NoError(b, err)
		text, err := body.Bytes(1 << 20)
		require.NoError(b, err)
		into[strings.Join(key, "/")] = string(text)
	}
}

func ownerOf(document string) string {
	var d struct{ Owner string }
	_ = json.Unmarshal([]byte(document), &d)
	name, _, _ := strings.Cut(d.Owner, "@")
	return name
}

func pick[T any](b *box, from ...T) T { return from[b.random.IntN(len(from))] }

func (b *box) name() string {
	return pick(b, "/", "/x/", "/y/", "/y/z/") + pick(b, "a", "b", "c", "d.json")
}

// document returns one of somebody, with a mark that tells whose it is.
func (b *box) document(owner string) string {
	b.marks++
	return fmt.Sprintf(`{"owner":"%s@x.org","mark":"of-%s-%d"}`, owner, owner, b.marks)
}

// owner is mostly the user, and sometimes another.
func (b *box) owner(user string) string { return pick(b, user, user, user, "ann", "bob", "eve") }

// request makes a random one.
func (b *box) request(user string) (what string, status int, text, header string) {
	const jsonType = "application/json"
	method, path, mediaType, body, query := "GET", b.name(), "", "", ""
	var fields []string
	switch b.random.IntN(12) {
	case 0:
		query = pick(b, "?$path=mark", "?$path=owner", "")
		fields = pick(b, nil, []string{"Range", "bytes=0-"}, []string{"If-None-Match", "*"}, []string{"If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT"})
	case 1, 2:
		path = pick(b, "/", "/x/", "/y/", "/y/z/")
		query = "?$list=recursive" + pick(b, "", ",details", ",items", ",summary", ",zip", ",nodirs", ",all")
	case 3:
		path = pick(b, "/", "/x/", "/y/")
		query = pick(b, "?$list=recursive&$count=true", "?$list=recursive&$orderby=mark", "?$filter=startswith(mark,'of')&$list=recursive,items",
			"?$count=true&$top=0&$list=recursive", "?$select=mark&$list=recursive", "?$filter=owner%20ne%20'x'")
	case 4, 5, 6:
		method, mediaType, body = pick(b, "PUT", "POST"), jsonType, b.document(b.owner(user))
		fields = pick(b, nil, nil, []string{"If-Match", "*"}, []string{"If-None-Match", "*"})
	case 7:
		method, path, mediaType, body = "POST", pick(b, "/", "/x/"), jsonType, b.document(b.owner(user))
	case 8:
		method, mediaType, body = "PATCH", jsonType, pick(b, `{"n":1}`, `{"owner":null}`, b.document(b.owner(user)))
	case 9:
		method, mediaType = "PATCH", "application/json-patch+json"
		body = pick(b, `[{"op":"test","path":"/owner","value":"`+user+`@x.org"}]`, `[{"op":"copy","from":"/mark","path":"/copy"}]`,
			`[{"op":"replace","path":"/owner","value":"`+b.owner(user)+`@x.org"}]`)
	case 10:
		method = "DELETE"
		if b.random.IntN(8) == 0 {
			path, query = pick(b, "/x/", "/y/z/"), pick(b, "", "?$recursive=true")
		}
	default:
		method, path, mediaType = "PUT", pick(b, "/", "/x/"), "application/zip"
		body = b.zip(map[string]string{pick(b, "a", "b"): b.document(b.owner(user)), pick(b, "c", "z/d"): b.document(user)})
	}
	status, text, header = b.do(user, method, path+query, mediaType, body, fields...)
	return fmt.Sprintf("%s: %s %s%s %s", user, method, path, query, fields), status, text, header
}

func (b *box) zip(documents map[string]string) string {
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for name, document := range documents {
		to, err := w.Create(name)
		require.NoError(b, err)
		_, err = io.WriteString(to, document)
		require.NoError(b, err)
	}
	require.NoError(b, w.Close())
	return archive.String()
}

// TestNobodySeesOrChangesRecordsOfOthers makes random requests of several users
// to a mount that they share.
func TestNobodySeesOrChangesRecordsOfOthers(t *testing.T) {
	b := newBox(t, 1)
	answers := make(map[int]int)
	for range 1500 {
		user := pick(b, "ann", "bob", "eve")
		before := b.everything()
		what, status, text, header := b.request(user)
		after := b.everything()
		answers[status]++
		require.Less(t, status, 500, "%s: %s", what, text)
		for _, other := range []string{"ann", "bob", "eve"} {
			if other != user {
				require.NotContains(t, unzipped(t, text)+header, "of-"+other, what)
			}
		}
		for name, document := range before {
			if ownerOf(document) != user {
				require.Equal(t, document, after[name], "%s changed %s", what, name)
			}
		}
		for name, document := range after {
			if before[name] != document {
				require.Equal(t, user, ownerOf(document), "%s wrote %s", what, name)
			}
		}
		b.compare(user, after)
	}
	for _, status := range []int{200, 201, 204, 206, 304, 400, 403, 404, 409, 412} {
		assert.NotZero(t, answers[status], "some are %d", status)
	}
}

// compare holds what a user sees to what there is of theirs.
func (b *box) compare(user string, all map[string]string) {
	b.Helper()
	var own, dirs []string
	for name, document := range all {
		if ownerOf(document) != user {
			continue
		}
		own = append(own, name)
		for dir := name; strings.Contains(dir, "/"); {
			dir = dir[:strings.LastIndexByte(dir, '/')]
			dirs = append(dirs, dir+"/")
		}
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	_, text, _ := b.do(user, "GET", "/?$list=recursive", "", "")
	var listed []string
	require.NoError(b, json.Unmarshal([]byte(text), &listed), text)
	require.ElementsMatch(b, append(own, dirs...), listed)
	_, text, _ = b.do(user, "GET", "/?$count=true&$top=0&$list=recursive", "", "")
	require.JSONEq(b, fmt.Sprintf(`{"count":%d,"value":[]}`, len(own)), text)
	name := strings.TrimPrefix(b.name(), "/")
	if !strings.HasSuffix(name, ".json") {
		name += ".json"
	}
	status, text, _ := b.do(user, "GET", "/"+name, "", "")
	if slices.Contains(own, name) {
		require.Equal(b, all[name], text)
	} else {
		require.Equal(b, 404, status)
	}
}

// unzipped returns the contents of a zip; all else as it is.
func unzipped(t *testing.T, text string) string {
	if !strings.HasPrefix(text, "PK") {
		return text
	}
	archive, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range archive.File {
		from, err := file.Open()
		require.NoError(t, err)
		_, err = io.Copy(&all, from)
		require.NoError(t, err)
	}
	return all.String()
}
