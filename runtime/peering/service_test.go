package peering

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// ordinary is the header of a JSON document.
var ordinary = []string{"Content-Type", "application/json"}

func TestListingsAndTheirLinks(t *testing.T) {
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	start(t, hostB, keys, object{"peers": []string{hostA}}, documents("docs", nil))
	a := start(t, hostA, keys, object{"peers": []string{hostB}},
		remote("shop", hostB, object{"basePath": "/shop/all docs", "url": "http://" + hostB + "/docs"}))
	for n := range 5 {
		answer, body := a.do(t, "PUT", fmt.Sprintf("/shop/all%%20docs/n%d", n), `{"n":1}`, ordinary...)
		require.Equal(t, 201, answer.StatusCode, body)
		assert.Equal(t, fmt.Sprintf("/shop/all%%20docs/n%d", n), answer.Header.Get("Location"))
	}
	answer, _ := a.do(t, "PUT", "/shop/all%20docs/.schema.json", `{"type":"object"}`, ordinary...)
	require.Equal(t, 201, answer.StatusCode)
	answer, _ = a.do(t, "GET", "/shop/all%20docs/n1", "")
	assert.Equal(t, `</shop/all%20docs/.schema.json>; rel="describedby"`, answer.Header.Get("Link"))
	answer, body := a.do(t, "PUT", "/shop/all%20docs/n1", `[]`, ordinary...)
	assert.Equal(t, 400, answer.StatusCode)
	assert.Contains(t, body, `"errors":`, "the members of a problem are there, too")
	answer, _ = a.do(t, "POST", "/shop/all%20docs/", `{"n":2}`, ordinary...)
	assert.Regexp(t, `^/shop/all%20docs/[0-9A-Z]+\.json$`, answer.Header.Get("Location"))

	names, next := 0, "/shop/all%20docs/?$take=2"
	for pages := 0; next != "" && pages < 10; pages++ {
		answer, body := a.do(t, "GET", next, "")
		require.Equal(t, 200, answer.StatusCode, next)
		names += strings.Count(body, ".json")
		next = ""
		if link := regexp.MustCompile(`^<([^>]*)>; rel="next"$`).FindStringSubmatch(answer.Header.Get("Link")); link != nil {
			next = link[1]
		}
	}
	assert.Equal(t, 6, names)
	answer, _ = a.do(t, "DELETE", "/shop/all%20docs/n1", "")
	assert.Equal(t, 204, answer.StatusCode)
}

func TestLargeBodiesRangesAndPacking(t *testing.T) {
	i := two(t, []string{"files"}, mount("files", "file", object{"adaptor": "memory"}))
	data := make([]byte, 8<<20)
	_, _ = rand.Read(data)
	answer, _ := i.a.do(t, "PUT", "/files/large.bin", string(data), "Content-Type", "application/octet-stream")
	require.Equal(t, 201, answer.StatusCode)
	answer, body := i.a.do(t, "GET", "/files/large.bin", "")
	assert.Equal(t, "application/octet-stream", answer.Header.Get("Content-Type"))
	assert.True(t, bytes.Equal(data, []byte(body)))
	answer, body = i.a.do(t, "GET", "/files/large.bin", "", "Range", "bytes=100-199")
	assert.Equal(t, 206, answer.StatusCode)
	assert.Equal(t, string(data[100:200]), body)
	assert.Equal(t, fmt.Sprintf("bytes 100-199/%d", len(data)), answer.Header.Get("Content-Range"))
	answer, body = i.a.do(t, "HEAD", "/files/large.bin", "")
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, int64(len(data)), answer.ContentLength)
	assert.Empty(t, body)

	text := strings.Repeat("words ", 1000)
	answer, _ = i.a.do(t, "PUT", "/files/x.txt", text, "Content-Type", "text/plain")
	require.Equal(t, 201, answer.StatusCode)
	answer, body = i.a.do(t, "GET", "/files/x.txt", "", "Accept-Encoding", "gzip")
	assert.Equal(t, []string{"gzip"}, answer.Header.Values("Content-Encoding"))
	unpacked, err := gzip.NewReader(strings.NewReader(body))
	require.NoError(t, err)
	got, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	assert.Equal(t, text, string(got))
	answer, _ = i.a.do(t, "GET", "/files/x.txt", "", "Accept-Encoding", "gzip", "If-None-Match", answer.Header.Get("ETag"))
	assert.Equal(t, 304, answer.StatusCode)
	answer, body = i.a.do(t, "PUT", "/files/large.bin", strings.Repeat("x", 65<<20))
	assert.Equal(t, 413, answer.StatusCode, body)
}

func TestEventsComeAsTheyAreSent(t *testing.T) {
	read := make(chan struct{})
	host, _ := observer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n\n")
		w.(http.Flusher).Flush()
		select {
		case <-read:
			_, _ = io.WriteString(w, "data: second\n\n")
		case <-time.After(patience):
		}
	})
	i := two(t, []string{"events"}, mount("events", "proxy", object{"url": "http://" + host}))
	answer, err := i.a.client.Get("http://" + i.a.host + "/events/")
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "data: first\n", line)
	close(read)
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	assert.Equal(t, "\ndata: second\n\n", string(rest))
}

func TestASocket(t *testing.T) {
	host, _ := observer(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(conn, buffered)
	})
	i := two(t, []string{"socket"}, mount("socket", "proxy", object{"url": "http://" + host, "readRoles": "U"}))
	conn, err := net.Dial("tcp", i.a.host)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "GET /socket/ HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: %s\r\n\r\n",
		i.a.host, i.a.as(t, "ann@example.com", "U")[1])
	require.NoError(t, err)
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	require.Equal(t, 101, answer.StatusCode)
	for _, word := range []string{"hello", "there"} {
		_, err = io.WriteString(conn, word)
		require.NoError(t, err)
		echo := make([]byte, len(word))
		_, err = io.ReadFull(in, echo)
		require.NoError(t, err)
		assert.Equal(t, word, string(echo))
	}
}

func TestPipelinesOfBothServers(t *testing.T) {
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	b := start(t, hostB, keys, object{"peers": []string{hostA}},
		documents("docs", object{"writeRoles": "E"}), documents("hidden", object{"internal": true}))
	a := start(t, hostA, keys, object{"peers": []string{hostB}},
		remote("docs", hostB, object{"writeRoles": "none"}), remote("hidden", hostB, nil), remote("back", hostB, object{"internal": true, "url": "http://" + hostB + "/docs"}),
		mount("write", "pipeline", object{"pipeline": []string{"PUT /docs/$>0"}}),
		mount("direct", "pipeline", object{"pipeline": []string{"PUT http://" + hostB + "/docs/$>0"}}),
		mount("asCaller", "pipeline", object{"as": "caller", "pipeline": []string{"PUT /docs/$>0"}}),
		mount("inner", "pipeline", object{"pipeline": []string{"GET /back/$>0"}}),
		mount("find", "pipeline", object{"pipeline": []string{"GET http://" + hostB + "/hidden/$>0"}}))
	for path, want := range map[string][2]int{ // for the roles U and E
		"/docs/a": {403, 403}, "/write/a": {403, 201}, "/direct/b": {403, 201}, "/asCaller/a": {403, 403},
	} {
		method := map[bool]string{true: "PUT", false: "POST"}[path == "/docs/a"]
		for n, role := range []string{"U", "E"} {
			answer, body := a.do(t, method, path, `{"n":1}`, append(a.as(t, "ann@example.com", role), ordinary...)...)
			assert.Equal(t, want[n], answer.StatusCode, "%s as %s: %s", path, role, body)
		}
	}
	answer, body := a.do(t, "GET", "/inner/a", "")
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, `{"n":1}`, body)
	for _, path := range []string{"/hidden/x", "/find/x"} {
		answer, _ = a.do(t, "GET", path, "", a.as(t, "root@example.com", "A E U")...)
		assert.Equal(t, 404, answer.StatusCode, "what is internal there is for nobody here")
	}
	assert.NotContains(t, b.log.String(), `"mount":"hidden"`)
	answer, body = a.do(t, "GET", "/find/b", "", append(a.as(t, "ann@example.com", "E"), "X-Restspace-Trace", "1")...)
	require.Equal(t, 200, answer.StatusCode)
	assert.Contains(t, body, hostB)
	assert.NotContains(t, body, "eyJ", "a record shows no token")
}

func TestRequestsDoNotGoRound(t *testing.T) {
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	b := start(t, hostB, keys, object{"peers": []string{hostA, hostB}}, remote("x", hostA, nil), remote("self", hostB, nil))
	a := start(t, hostA, keys, object{"peers": []string{hostB}}, remote("x", hostB, nil))
	for path, from := range map[string]*server{"/x/": a, "/self/": b} {
		answer, body := from.do(t, "GET", path, "")
		assert.Equal(t, 508, answer.StatusCode, path)
		assert.Contains(t, body, bus.TypeDepth)
	}
}

func TestAPeerThatIsNotThere(t *testing.T) {
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	a := start(t, hostA, keys, object{"peers": []string{hostB}}, remote("notes", hostB, nil))
	answer, body := a.do(t, "GET", "/notes/", "")
	assert.Equal(t, 502, answer.StatusCode)
	assert.Contains(t, body, bus.TypeUnreachable)
	assert.Contains(t, body, `the server behind \"notes\" can't be reached`)
	assert.NotContains(t, body, hostB)
	answer, body = a.do(t, "GET", "/readyz", "", a.as(t, "root@example.com", "A")...)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Contains(t, body, `"status":"degraded","error":"`+hostB)

	b := start(t, hostB, keys, object{"peers": []string{hostA}}, documents("notes", nil))
	answer, _ = a.do(t, "GET", "/notes/", "")
	assert.Equal(t, 200, answer.StatusCode, "it is there when it is there")
	require.NoError(t, b.Close(context.Background())) // and the connection to it with it
	again := start(t, hostB, keys, object{"peers": []string{hostA}}, documents("notes", nil))
	answer, _ = a.do(t, "PUT", "/notes/x", "{}", ordinary...)
	assert.Equal(t, 201, answer.StatusCode, "a stale connection is no failure")
	assert.NotEmpty(t, again.log.String())
	assert.Eventually(t, func() bool {
		_, body := a.do(t, "GET", "/readyz", "")
		return strings.Contains(body, `"status":"ok"`)
	}, patience, 50*time.Millisecond)
}

func TestPeersThatMeanHarm(t *testing.T) {
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		want   int
		check  func(t *testing.T, answer *http.Response, body string)
	}{
		"leads elsewhere": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://169.254.169.254/latest")
			w.WriteHeader(307)
		}, 307, func(t *testing.T, answer *http.Response, _ string) {
			assert.Equal(t, "http://169.254.169.254/latest", answer.Header.Get("Location"), "the client may see where, and nobody goes there")
		}},
		"a header without end": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", strings.Repeat("x", 100<<10)) }, 502, nil},
		"says that it refuses": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Restspace-Peer", "refused")
			w.WriteHeader(401)
			_, _ = io.WriteString(w, strings.Repeat(`{"detail":"<script>`, 10000))
		}, 502, func(t *testing.T, _ *http.Response, body string) { assert.NotContains(t, body, "script") }},
		"poses as the server": {func(w http.ResponseWriter, _ *http.Request) {
			for _, name := range []string{"X-Restspace-Service", "X-Request-Id", "X-Restspace-Peer-Token", "Access-Control-Allow-Origin"} {
				w.Header().Set(name, "forged")
			}
		}, 200, func(t *testing.T, answer *http.Response, _ string) {
			for name, values := range answer.Header {
				assert.NotContains(t, values, "forged", name)
			}
		}},
		"breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Len")
				_ = conn.Close()
			}
		}, 502, nil},
	} {
		t.Run(name, func(t *testing.T) {
			host, _ := observer(t, row.answer)
			a := start(t, free(t), keyFile(t), object{"peers": []string{host}}, remote("x", host, nil))
			answer, body := a.do(t, "GET", "/x/", "")
			assert.Equal(t, row.want, answer.StatusCode, body)
			if row.check != nil {
				row.check(t, answer, body)
			}
		})
	}
}

// TestSigningInAtAnotherServer has users sign in, and out, at a service that is not
// here.
func TestSigningInAtAnotherServer(t *testing.T) {
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	data := string(configOf(t, hostB, keys, object{"peers": []string{hostA}},
		mount("user", "user", object{"adaptor": "memory", "readRoles": "A", "writeRoles": "A"}), mount("auth", "auth", nil)))
	data = strings.Replace(data, `"auth":{`, `"auth":{"userUrlPattern":"/user/${email}",`, 1)
	b := serve(t, hostB, []byte(data))
	a := start(t, hostA, keys, object{"peers": []string{hostB}}, remote("auth", hostB, nil), remote("user", hostB, nil))
	const ann, password = "ann@example.com", "correct horse battery"
	answer, body := a.do(t, "PUT", "/user/"+ann, `{"email":"`+ann+`","roles":"U","password":"`+password+`"}`, append(a.as(t, "root@example.com", "A"), ordinary...)...)
	require.Equal(t, 201, answer.StatusCode, body)
	login := `{"email":"` + ann + `","password":"` + password + `"}`
	answer, body = a.do(t, "POST", "/auth/login", login, append(ordinary, "Origin", "http://evil.example")...)
	assert.Equal(t, 403, answer.StatusCode, "a page of another origin signs nobody in: %s", body)
	answer, body = a.do(t, "POST", "/auth/login", login, ordinary...)
	require.Equal(t, 200, answer.StatusCode, body)
	require.Len(t, answer.Cookies(), 1)
	cookie := []string{"Cookie", answer.Cookies()[0].Name + "=" + answer.Cookies()[0].Value}
	answer, body = a.do(t, "GET", "/auth/user", "", cookie...)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Contains(t, body, `"expiry"`, "it is known which session asks")
	answer, _ = a.do(t, "POST", "/auth/logout", "", cookie...)
	assert.Equal(t, 204, answer.StatusCode)
	assert.Len(t, answer.Cookies(), 1)
	answer, _ = b.do(t, "GET", "/auth/user", "", cookie...)
	assert.Equal(t, 401, answer.StatusCode, "the session is over")
}
