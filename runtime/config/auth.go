package config

import (
	"errors"
	"fmt"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/urlpattern"
)

// Auth is the block auth, with its defaults where the file has nothing.
type Auth struct {
	KeyFile        string // of the signing keys, made when it is missing
	Issuer         string
	Audience       string
	UserURLPattern *urlpattern.Pattern // where user records are read; nil: nowhere
	Cookie         Cookie
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
	Cookie         *hujson.Value `json:"cookie" form:"cookie" doc:"what carries a token in a browser; false for none"`
}

func defaultAuth() authKeys { return authKeys{KeyFile: "data/auth.key", Issuer: "restspace"} }

func defaultCookie() Cookie { return Cookie{Name: "rs-auth"} }

// auth reads the block, nil if there is none.
func (r *reader) auth(v *hujson.Value, mounts []*Service) Auth {
	const at = "/auth"
	k := defaultAuth()
	a := Auth{Cookie: defaultCookie()}
	if v != nil && r.object(v, at, fieldsOf(&k), "trust") {
		if k.KeyFile == "" {
			r.member(v, at, "/keyFile", errors.New(`an empty name: write the file of the keys, such as "data/auth.key"`))
		}
		if k.Issuer == "" {
			r.member(v, at, "/issuer", errors.New("an empty name: write the name of this installation in its tokens"))
		}
		if k.Cookie != nil {
			r.cookie(k.Cookie, at+"/cookie", &a.Cookie)
		}
		if k.UserURLPattern != "" {
			var err error
			a.UserURLPattern, err = userPattern(k.UserURLPattern, mounts)
			r.member(v, at, "/userUrlPattern", err)
		}
	}
	a.KeyFile, a.Issuer, a.Audience = k.KeyFile, k.Issuer, k.Audience
	if a.Audience == "" {
		a.Audience = a.Issuer
	}
	return a
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
	_, err = leadsTo(literal.Path, mounts)
	return p, err
}
