package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/identity"
)

// Options say what a script is played with.
type Options struct {
	Runtime    runtime.Options // Listen, Address, Calls, Keys, and some of Adaptors are set here
	Config     []byte          // for a script that has none
	ConfigName string          // of its file, for messages
	Dir        string          // of the script, where its Folders are

	// Outside has stores where the configuration says, and other servers called.
	// Without it a store that is not below the working directory is an empty one
	// in memory, and a call of a server that is not of the script fails.
	Outside bool

	// Accept is called with what differs from what was expected. Where its error
	// is nil, the step goes on as if nothing differed. nil accepts nothing.
	Accept func(*Difference) error
}

// A Session is the servers of a script, and the conversation with them.
type Session struct {
	name    string             // of the script
	servers []*runtime.Runtime // the one that is tested is the last
	bases   [][2]string        // what the URL of a server is, and at which it is
	host    string             // that the server answers to; "" is its address
	client  *http.Client
	accept  func(*Difference) error
	apart   apart
	names   names
}

// Start lays the files of a script into the working directory, and starts its
// servers, which work there. The caller closes the session.
func Start(ctx context.Context, script *Script, o Options) (_ *Session, err error) {
	s := &Session{name: script.Name, names: make(names), accept: o.Accept, apart: apart{outside: o.Outside}, client: &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.accept == nil {
		s.accept = func(d *Difference) error { return d }
	}
	if err := lay(script, o.Dir); err != nil {
		return nil, err
	}
	if err := s.apart.enter(); err != nil {
		return nil, err
	}
	o.Runtime.Listen, o.Runtime.Address = true, "127.0.0.1:0"
	o.Runtime.Adaptors, o.Runtime.Calls = s.apart.adaptors(o.Runtime.Adaptors), s.apart.calls
	if o.Runtime.Keys, err = identity.NewKeys(); err != nil {
		return nil, err
	}
	for _, server := range script.Servers {
		if err := s.start(ctx, o.Runtime, script.Name, server.Config); err != nil {
			return nil, err
		}
		s.bases = append(s.bases, [2]string{server.URL, s.last().URL()})
		s.apart.admit(s.last().Addr())
	}
	name, config := script.Name, script.Config
	if config == nil {
		name, config = o.ConfigName, o.Config
	}
	if err := s.start(ctx, o.Runtime, name, config); err != nil {
		return nil, err
	}
	own := &s.last().Config().Server
	if len(own.Hosts) > 0 {
		s.host = own.Hosts[0]
	}
	s.bases = append(s.bases, [2]string{s.last().URL(), s.last().URL()})
	if own.PublicURL != "" { // as links in mails begin
		s.bases = append(s.bases, [2]string{own.Origin(), s.last().URL()})
	}
	return s, nil
}

// start starts one more server, with the addresses of the others in its
// configuration.
func (s *Session) start(ctx context.Context, o runtime.Options, name string, config []byte) error {
	for _, base := range s.bases {
		stands := regexp.MustCompile(regexp.QuoteMeta(base[0]) + `([^\w.:-]|$)`)
		config = stands.ReplaceAll(config, []byte(base[1]+"$1"))
	}
	server := runtime.New(o)
	s.servers = append(s.servers, server)
	return server.Load(ctx, name, config)
}

// last returns the server that was started last.
func (s *Session) last() *runtime.Runtime { return s.servers[len(s.servers)-1] }

// Close ends the servers. Their last requests have been logged then.
func (s *Session) Close() (err error) {
	s.client.CloseIdleConnections()
	for _, server := range s.servers {
		err = errors.Join(server.Close(context.Background()), err)
	}
	return err
}

// InMemory returns the names of the services whose stores are in memory, since
// the configuration has them outside of the working directory.
func (s *Session) InMemory() []string {
	s.apart.mu.Lock()
	defer s.apart.mu.Unlock()
	return slices.Sorted(slices.Values(s.apart.inMemory))
}

// Play makes the request of a step, and compares the reply and the mails. The
// error is a *Difference where they are others than expected.
func (s *Session) Play(ctx context.Context, step *Step) error {
	s.apart.mails.empty()
	request, err := s.request(ctx, step)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	reply := &seen{status: response.StatusCode, values: response.Header.Values, body: string(body)}
	if d := s.names.compare(&step.Reply, reply); d != nil {
		if err := s.accept(d); err != nil {
			return err
		}
	}
	if len(step.Mails) == 0 && !step.NoMail {
		return nil
	}
	return s.compareMails(step.Mails, s.apart.mails.wait(ctx, len(step.Mails)))
}

func (s *Session) request(ctx context.Context, step *Step) (*http.Request, error) {
	var body io.Reader
	if step.Body != "" {
		body = strings.NewReader(s.names.fill(step.Body))
	}
	url, err := s.place(s.names.fill(step.URL))
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, step.Method, url, body)
	if err != nil {
		return nil, err
	}
	request.Host = s.host
	for _, field := range step.Header {
		request.Header.Add(field[0], s.names.fill(field[1]))
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	if step.Email != "" {
		token, err := s.last().Token(&bus.User{Email: step.Email, Roles: strings.Fields(step.Roles)}, time.Hour)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

// place returns where a URL leads: a path to the server that is tested, and one
// that begins as the URL of a server to that.
func (s *Session) place(url string) (string, error) {
	if strings.HasPrefix(url, "/") {
		return s.last().URL() + url, nil
	}
	for _, base := range s.bases {
		if rest, ok := strings.CutPrefix(url, base[0]); ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
			return base[1] + rest, nil
		}
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return "", fmt.Errorf("%q is no path of this server: write /%s", url, url)
	}
	host, _, _ := strings.Cut(rest, "/")
	return "", fmt.Errorf(`no server stands for %s://%s: add a part "server: %s://%s" with its configuration, or write the path alone, if it is the server that is tested`, scheme, host, scheme, host)
}
