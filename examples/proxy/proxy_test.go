package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts the servers and restspace in front of them.
func start(t *testing.T) (url string, shops [2]*httptest.Server) {
	config, err := os.ReadFile("services.json")
	require.NoError(t, err)
	behind := make(map[string]string)
	serve := func(variable string, h http.Handler) *httptest.Server {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		behind[variable] = s.URL
		return s
	}
	shops = [2]*httptest.Server{serve("SHOP_1", shop("first")), serve("SHOP_2", shop("second"))}
	serve("CHAT", newChat())
	behind["CHAT"] += "/"
	t.Chdir(t.TempDir())
	r := runtime.New(runtime.Options{
		Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(),
		Listen: true, Address: "127.0.0.1:0", LogTo: t.Output(),
		Env: func(name string) (string, bool) { value, ok := behind[name]; return value, ok },
	})
	require.NoError(t, r.Load(t.Context(), "services.json", config))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		require.NoError(t, r.Close(context.Background()))
	})
	return "http://" + r.Addr(), shops
}

func get(t *testing.T, url string) (*http.Response, string) {
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(body)
}

func TestShops(t *testing.T) {
	url, shops := start(t)
	ask := func() map[string]int {
		answers := make(map[string]int)
		for range 10 {
			answer, text := get(t, url+"/shop/items/7")
			require.Equal(t, 200, answer.StatusCode)
			answers[text]++
		}
		return answers
	}
	assert.Equal(t, map[string]int{
		`{"item": "7", "shop": "first"}` + "\n":  5,
		`{"item": "7", "shop": "second"}` + "\n": 5,
	}, ask(), "they take turns")
	shops[0].Close()
	assert.Equal(t, map[string]int{`{"item": "7", "shop": "second"}` + "\n": 10}, ask(), "nobody notices")
	shops[1].Close()
	answer, _ := get(t, url+"/shop/items/7")
	assert.Equal(t, 502, answer.StatusCode)
}

func TestChat(t *testing.T) {
	url, _ := start(t)
	answer, text := get(t, url+"/chat")
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, "/chat/", answer.Request.URL.Path, "where the page finds its socket")
	assert.Empty(t, answer.Header.Get("Content-Security-Policy"), "scripts of the page run")
	assert.Contains(t, text, "new WebSocket")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	join := func(origin string) (*websocket.Conn, error) {
		conn, _, err := websocket.Dial(ctx, url+"/chat/socket", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}}})
		return conn, err
	}
	ann, err := join(url)
	require.NoError(t, err)
	defer ann.CloseNow()
	bob, err := join(url)
	require.NoError(t, err)
	defer bob.CloseNow()
	heard := func(who *websocket.Conn) string {
		_, word, err := who.Read(ctx)
		require.NoError(t, err)
		return string(word)
	}
	require.NoError(t, bob.Write(ctx, websocket.MessageText, []byte("I am here")))
	require.Equal(t, "I am here", heard(bob), "who hears himself has joined")
	require.NoError(t, ann.Write(ctx, websocket.MessageText, []byte("hello")))
	assert.Equal(t, "hello", heard(bob))
	_, err = join("http://elsewhere.example")
	assert.Error(t, err, "a page of another server")
}
