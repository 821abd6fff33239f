package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
	"github.com/seed90475182/restspace/urlpattern"
)

//go:embed pages.css
var style string

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("").Parse(pagesText))

// places are the pages that forms lead back to: those of the configuration, or
// the own ones.
type places struct {
	login    string
	reset    string // where a mail is asked for
	password string // where the link of that mail leads
}

// places returns those of a mount.
func (c *Config) places(base []string) places {
	if c.LoginPage != "" {
		return places{login: c.LoginPage, reset: c.LoginPage, password: c.ResetURL}
	}
	var path []byte
	for _, segment := range base {
		path = urlpattern.AppendSegment(append(path, '/'), segment)
	}
	own := string(path) + "/"
	return places{login: own + "login", reset: own + "reset-password", password: own + "new-password"}
}

// addPages adds the routes of the own pages, where the configuration has no
// others.
func (s *service) addPages(routes services.Routes) {
	if s.config.LoginPage != "" {
		return
	}
	routes["GET /login"] = s.loginPage
	if s.config.EmailSendURLPattern != "" {
		routes["GET /reset-password"] = s.resetPage
		routes["GET /new-password"] = s.passwordPage
	}
}

// view is what a page shows. Of a request it has nothing but what its fields
// say: texts are the page's own.
type view struct {
	Title  string
	Says   string // what came of the last form
	Failed bool   // that is an error
	Done   bool   // there is nothing to fill in

	User     *bus.User
	Redirect string // where to go when signed in: a path of this server
	Mails    bool   // a new password can be asked for

	Email, Token string
	MinLength    int
	Rule         string
}

// Style is the style sheet of all pages.
func (view) Style() template.CSS { return template.CSS(style) }

// fail has v say what is wrong, or how long to wait.
func (v *view) fail(query url.Values, says string) {
	v.Failed, v.Says = true, says
	seconds, err := strconv.Atoi(query.Get("retry"))
	if err == nil && 0 < seconds && seconds <= int(account.LongestWait/time.Second) {
		v.Says = "Too many tries have failed. Wait " + inWords(time.Duration(seconds)*time.Second) + ", then try again."
	}
}

// inWords returns a time of some seconds or minutes, never less than it is.
func inWords(wait time.Duration) string {
	if wait <= 2*time.Minute {
		return plural(int(wait/time.Second), "second")
	}
	return plural(int((wait+time.Minute-1)/time.Minute), "minute")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// loginPage has the form to sign in, or for who did, the one to sign out.
func (s *service) loginPage(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	query, _ := url.ParseQuery(m.URL.Query)
	v := view{Title: "Sign in", User: m.User, Mails: s.config.emailSend != nil}
	if to := query.Get("redirect"); isOwnPath(to) {
		v.Redirect = to
	}
	if m.User != nil { // a result would be from before, such as of a page gone back to
		v.Title = "You are signed in"
		return show("user", &v, m)
	}
	switch query.Get("result") {
	case "fail":
		v.fail(query, "The email or the password is wrong.")
	case "changed":
		v.Says = "Your password is changed. Sign in with the new one."
	case "out":
		v.Says = "You are signed out."
	case "succeed":
		v.Says = "You are not signed in any more. If you have just signed in, let your browser keep the cookies of this site."
	}
	return show("login", &v, m)
}

// resetPage has the form to ask for a mail.
func (s *service) resetPage(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	query, _ := url.ParseQuery(m.URL.Query)
	v := view{Title: "A new password"}
	switch query.Get("result") {
	case "fail":
		v.fail(query, "This is no email address.")
	case "sent":
		v.Done, v.Says = true, "If there is a user with this address, a mail is on its way. Its link holds for "+inWords(resetLife)+"."
	}
	return show("reset", &v, m)
}

// passwordPage has the form to set a new password. That the token holds is found
// out when it is sent: who asks for the page uses nothing up.
func (s *service) passwordPage(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	query, _ := url.ParseQuery(m.URL.Query)
	v := view{Title: "A new password", Email: query.Get("email"), Token: query.Get("token"),
		MinLength: s.config.MinLength, Rule: ruleOf(&s.config.Policy)}
	_, err := account.Email(v.Email)
	switch reason := query.Get("reason"); {
	case err != nil || v.Token == "":
		v.fail(nil, "This link is not whole: open the one in the mail, to its end.")
		v.Done = true
	case query.Get("result") != "fail":
	case reason == "token":
		v.fail(query, "The link has been used, or is too old: ask for another mail.")
		v.Done = true
	case reason == "again":
		v.fail(query, "The two passwords differ.")
	default:
		v.fail(query, "This password is too short, or too easy to guess.")
	}
	return show("password", &v, m)
}

// ruleOf tells a person which passwords are taken.
func ruleOf(p *account.Policy) string {
	rule := "At least " + plural(p.MinLength, "character")
	if len(p.Classes) > 0 {
		rule += ", of each of these sorts: " + strings.Join(p.Classes, ", ")
	}
	if p.Common {
		return rule + "."
	}
	return rule + ". Take three words, say, that have nothing to do with each other."
}

// show answers with a page: it is nobody else's, loads nothing but the icon of
// the site, runs no scripts, is in no frame, and sends its forms here. What it
// was asked for may hold a token, which no other site is told. With no-referrer
// a browser would not say that a form comes from here.
func show(name string, v *view, m *bus.Message) (*bus.Message, error) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, v); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(style))
	reply := bus.Reply(http.StatusOK, bus.NewBody(page.Bytes(), "text/html; charset=utf-8"))
	reply.Header.Add("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	reply.Header.Add("Referrer-Policy", "same-origin")
	reply.Header.Add("Cache-Control", "no-store")
	return reply, m.Close()
}
