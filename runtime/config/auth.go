package config

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// Auth is the block auth, with its defaults where the file has nothing.
type Auth struct {
	KeyFile        string // of the signing keys, made when it is missing
	Issuer         string
	Audience       string
	UserURLPattern *urlpattern.Pattern // where user records are read; nil: nowhere
	UserProps      []string            // members of user records that tokens carry
	TokenLife      Duration
	SessionLife    Duration // for which tokens are renewed
	Cookie         Cookie
	Trust          []Trust
}

// Cookie is what carries a token in a browser.
type Cookie struct {
	Name string `json:"name" doc:"of the cookie"` // "": there are no cookies
}

// authKeys are the keys of the block as the file has them.
type authKeys struct {
	KeyFile        string        `json:"keyFile" doc:"the signing keys, made at the first start; no store may hold the file"`
	Issuer         string        `json:"issuer" doc:"of tokens: the name of this installation"`
	Audience       string        `json:"audience" doc:"of tokens: whom they are for; the issuer if it is missing"`
	UserURLPattern string        `json:"userUrlPattern" form:"pattern" doc:"where user records are read, such as /users/${email}"`
	UserProps      []string      `json:"userProps" example:"[\"org\"]" doc:"members of user records that tokens carry, and {org} in roles reads"`
	TokenLife      Duration      `json:"tokenLife" doc:"how long a token holds, and how late at most a browser's is renewed"`
	SessionLife    Duration      `json:"sessionLife" doc:"how long after the login a browser's token is renewed"`
	Cookie         *hujson.Value `json:"cookie" form:"cookie" doc:"what carries a token in a browser; false for none"`
	Trust          []trustKeys   `json:"trust" doc:"other issuers whose tokens are believed"`
}

func defaultAuth() authKeys {
	return authKeys{KeyFile: "data/auth.key", Issuer: "restspace",
		TokenLife: Duration(30 * time.Minute), SessionLife: Duration(30 * 24 * time.Hour)}
}

func defaultCookie() Cookie { return Cookie{Name: "rs-auth"} }

const authAt = "/auth"

// auth reads the block, nil if there is none. pattern is what it has for
// UserURLPattern, which is read when the mounts are known.
func (r *reader) auth(v *hujson.Value) (_ Auth, pattern string) {
	const at = authAt
	k := defaultAuth()
	a := Auth{Cookie: defaultCookie()}
	if v != nil && r.object(v, at, fieldsOf(&k)) {
		if k.KeyFile == "" {
			r.member(v, at, "/keyFile", errors.New(`an empty name: write the file of the keys, such as "data/auth.key"`))
		}
		if k.Issuer == "" {
			r.member(v, at, "/issuer", errors.New("an empty name: write the name of this installation in its tokens"))
		}
		r.member(v, at, "/tokenLife", within(k.TokenLife, time.Minute, 24*time.Hour))
		r.member(v, at, "/sessionLife", within(k.SessionLife, k.TokenLife.Duration(), 366*24*time.Hour))
		for i, name := range k.UserProps {
			r.member(v, at, pointer(fmt.Sprintf("/userProps/%d", i)), userProp(name))
		}
		if k.Cookie != nil {
			r.cookie(k.Cookie, at+"/cookie", &a.Cookie)
		}
	}
	a.KeyFile, a.Issuer, a.Audience = k.KeyFile, k.Issuer, k.Audience
	a.UserProps, a.TokenLife, a.SessionLife = k.UserProps, k.TokenLife, k.SessionLife
	if a.Audience == "" {
		a.Audience = a.Issuer
	}
	if len(k.Trust) > 0 {
		a.Trust = r.trust(v, k.Trust, &a)
	}
	return a, k.UserURLPattern
}

// users reads where user records are; v is the block auth.
func (r *reader) users(v *hujson.Value, pattern string, mounts []*Service) *urlpattern.Pattern {
	if pattern == "" {
		if v != nil && v.Find("/userUrlPattern") != nil {
			r.member(v, authAt, "/userUrlPattern", errors.New("an empty pattern: write where user records are, such as /user/${email}, or leave it out"))
		}
		return nil
	}
	p, err := userPattern(pattern, mounts)
	r.member(v, authAt, "/userUrlPattern", err)
	return p
}

// within returns an error for a duration that is none between two others.
func within(d Duration, least, most time.Duration) error {
	if d.Duration() >= least && d.Duration() <= most {
		return nil
	}
	low, _ := Duration(least).MarshalText()
	high, _ := Duration(most).MarshalText()
	return fmt.Errorf("write a duration from %s to %s", low, high)
}

// userProp returns an error for a member that tokens can't carry.
func userProp(name string) error {
	taken := []string{"iss", "aud", "sub", "roles", "iat", "nbf", "exp", "jti", "sid", "auth_time", "act", "email", "password", "auth"}
	if slices.Contains(taken, name) {
		return fmt.Errorf("%s is what every token has, or none: leave it out", quote(name))
	}
	if !isName(name) {
		return fmt.Errorf("%s is no name of a member here: write %s", quote(name), nameRule)
	}
	return nil
}

// cookie reads the options of the cookie, or false.
func (r *reader) cookie(v *hujson.Value, at pointer, into *Cookie) {
	switch v.Value.Kind() {
	case 'f':
		into.Name = ""
	case '{':
		r.object(v, at, fieldsOf(into))
		if !isName(into.Name) {
			r.member(v, at, "/name", fmt.Errorf("%s is no name of a cookie: write %s", quote(into.Name), nameRule))
		}
	default:
		r.mistyped(v, at, `an object such as {"name": "rs-auth"}, or false for no cookies`)
	}
}

// userPattern parses the pattern and holds it to lead to one of the mounts.
func userPattern(text string, mounts []*Service) (*urlpattern.Pattern, error) {
	p, err := urlpattern.Parse(text)
	if err != nil {
		return nil, err
	}
	literal := p.Literal()
	if literal.Host != "" {
		return nil, errors.New("a URL on another server: write a path on this one, such as /user/${email}")
	}
	mount, err := leadsTo(literal.Path, mounts)
	if err != nil {
		return p, err
	}
	return p, finds(p, mount)
}

// finds returns an error for a pattern that leads to no record of a user in a
// mount.
func finds(p *urlpattern.Pattern, mount *Service) error {
	const ann, bob = "ann@example.com", "bob@example.com"
	auth, right := Auth{UserURLPattern: p}, strings.TrimSuffix(textOf(mount.Base), "/")+"/${email}"
	one, err := auth.RecordURL(ann)
	if err != nil {
		return fmt.Errorf("only the email of the user is known there: write %s", right)
	}
	other, err := auth.RecordURL(bob)
	switch {
	case err != nil || one.String() == other.String():
		return fmt.Errorf("it leads to the same record for all users: write %s", right)
	case isRemote(mount.Config):
		return fmt.Errorf("service %s is one of another server, and no server tells others what it keeps of users: mount one of the Kind user here, on the same store", quote(mount.Name))
	case mount.Kind.Users && !mount.Kind.Documents:
		return fmt.Errorf("service %s keeps no records of users: mount one of the Kind user, and write its path", quote(mount.Name))
	case !mount.Kind.Users || mount.Exact:
		return mount.Accepts(services.Call{Method: http.MethodGet, URL: one})
	}
	name := one.Path[len(mount.Base):]
	if len(name) != 1 || one.Dir || strings.TrimSuffix(name[0], mount.Kind.Extension) != ann {
		return fmt.Errorf("service %s keeps the record of a user right below its base path: write %s", quote(mount.Name), right)
	}
	return nil
}
