package config

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/runtime/identity"
	"github.com/seed90475182/restspace/urlpattern"
)

// Trust is another issuer whose tokens are believed.
type Trust struct {
	Issuer   string
	Audience string
	URL      urlpattern.URL  // of its keys; without a host they are Keys
	Keys     identity.KeySet // its keys, or the secret that is shared with it
	User     string          // the claim that names the user, "" is the usual one
	Roles    string          // the claim that holds the roles, "" is the usual one
}

// trustKeys are the keys of an element of auth.trust as the file has them.
type trustKeys struct {
	Issuer   string         `json:"issuer" doc:"claim iss of its tokens" required:"true"`
	Audience string         `json:"audience" doc:"whom its tokens have to be for; auth.audience if it is missing"`
	JWKSURL  string         `json:"jwksUrl" doc:"where its public keys are (RFC 7517)"`
	Keys     jsontext.Value `json:"keys" example:"{\"keys\": []}" doc:"its public keys: a JSON Web Key Set"`
	Secret   string         `json:"secret" doc:"that is shared with it, for HS256: 32 bytes or more, from outside the file"`
	User     string         `json:"userClaim" doc:"the claim that names the user, or a JSON pointer to it; by default email, which must be verified where it says so, or else sub"`
	Roles    string         `json:"rolesClaim" doc:"the claim with the roles, or a JSON pointer such as /realm_access/roles; by default roles"`
}

// trust reads the list of other issuers.
func (r *reader) trust(v *hujson.Value, list []trustKeys, own *Auth) []Trust {
	const at = authAt + "/trust"
	all := make([]Trust, len(list))
	seen := map[string]bool{own.Issuer: true}
	for i, k := range list {
		element := v.Find("/trust/" + strconv.Itoa(i))
		here := pointer(at).AppendToken(strconv.Itoa(i))
		t := Trust{Issuer: k.Issuer, Audience: k.Audience, User: k.User, Roles: k.Roles}
		if t.Audience == "" {
			t.Audience = own.Audience
		}
		switch {
		case k.Issuer == "":
			r.missing(element, here, "issuer", `"issuer" is missing: write the claim iss of its tokens`)
		case seen[k.Issuer]:
			r.member(element, here, "/issuer", errors.New("a second issuer of this name: each has its own, and this installation has auth.issuer"))
		}
		seen[k.Issuer] = true
		r.trustedKeys(element, here, &k, &t)
		all[i] = t
	}
	return all
}

// trustedKeys reads where the keys of an issuer are: in one of three places.
func (r *reader) trustedKeys(v *hujson.Value, at pointer, k *trustKeys, t *Trust) {
	var err error
	places := 0
	for _, there := range []bool{k.JWKSURL != "", k.Keys != nil, k.Secret != ""} {
		if there {
			places++
		}
	}
	switch {
	case places != 1:
		if !r.broken[v.StartOffset] && r.complete(v) {
			r.fault(v, at, `an issuer has one of "jwksUrl", "keys" and "secret": write one of them`)
		}
	case k.JWKSURL != "":
		t.URL, err = keysURL(k.JWKSURL)
		r.member(v, at, "/jwksUrl", err)
	case k.Keys != nil:
		t.Keys, err = identity.ParseKeySet(k.Keys, false)
		r.member(v, at, "/keys", err)
	default:
		t.Keys, err = identity.Secret(k.Secret)
		r.member(v, at, "/secret", err)
	}
}

// keysURL parses the URL of a set of keys.
func keysURL(text string) (urlpattern.URL, error) {
	u, err := urlpattern.ParseURL(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return u, fmt.Errorf("%s is no URL of another server: write one such as https://id.example.org/jwks.json", quote(text))
	}
	return u, nil
}
