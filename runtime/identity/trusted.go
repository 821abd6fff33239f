package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

// Trusted is another issuer whose tokens are believed: all that it says of its
// users, whoever they are here.
type Trusted struct {
	Name     string // claim iss
	Audience string // claim aud
	Keys     KeySource
	User     string   // the claim that names the user: its name, or a pointer (RFC 6901); "" is email, or else sub
	Roles    string   // the claim that holds the roles, written so; "" is roles
	Facts    []string // names of further claims that are facts about the user
}

// A KeySource has the public keys of an issuer, or a secret that is shared with
// it. Safe for concurrent use.
type KeySource interface {
	// Key returns the key of that ID. A token that names none has "", for which
	// there is a key where the issuer has only one. The error says that there is
	// none, or a *bus.Error that none can be had now.
	Key(id string) (*jose.JSONWebKey, error)
}

// KeySet is keys that do not change.
type KeySet []jose.JSONWebKey

// Key is part of KeySource.
func (s KeySet) Key(id string) (*jose.JSONWebKey, error) {
	for i := range s {
		if s[i].KeyID == id || id == "" && len(s) == 1 {
			return &s[i], nil
		}
	}
	return nil, errUnknownKey
}

var errUnknownKey = errors.New("signed with an unknown key (kid)")

// Secret returns a secret that is shared with an issuer, for HS256.
func Secret(secret string) (KeySet, error) {
	if len(secret) < 32 { // RFC 7518 section 3.2
		return nil, errors.New("a secret of less than 32 bytes: make one with openssl rand -hex 32")
	}
	return KeySet{{Key: []byte(secret), Algorithm: string(jose.HS256)}}, nil
}

// ParseKeySet reads the public keys of a JSON Web Key Set (RFC 7517). Keys for
// something else than signatures are left out, and with lenient also those that
// nothing here is signed with. Each key of the result has one Algorithm.
func ParseKeySet(data []byte, lenient bool) (KeySet, error) {
	var raw struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("not a JSON Web Key Set: %w", err)
	}
	var set KeySet
	for i, text := range raw.Keys {
		var key jose.JSONWebKey
		err := key.UnmarshalJSON(text)
		if err == nil {
			err = settle(&key)
		}
		switch {
		case err == nil && key.Use != "enc":
			set = append(set, key)
		case err != nil && !lenient:
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
	}
	if len(set) == 0 {
		return nil, errors.New("it holds no key for RS256, ES256 or EdDSA")
	}
	return set, nil
}

// settle gives a key its one algorithm, so that no token can choose another
// (RFC 8725 section 3.1).
func settle(key *jose.JSONWebKey) error {
	var algorithm jose.SignatureAlgorithm
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return errors.New("an RSA key of less than 2048 bits")
		}
		algorithm = jose.RS256
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return errors.New("an elliptic curve that is not P-256")
		}
		algorithm = jose.ES256
	case ed25519.PublicKey:
		algorithm = jose.EdDSA
	default:
		return errors.New("no public key: write one of RSA, P-256 or Ed25519, without its private half")
	}
	if key.Algorithm != "" && key.Algorithm != string(algorithm) {
		return fmt.Errorf("a key for %s: tokens with %s are believed of its sort", key.Algorithm, algorithm)
	}
	key.Algorithm = string(algorithm)
	return nil
}

// foreign are the claims of a token of another issuer.
type foreign struct {
	claimed
	Email    jsontext.Value `json:"email"`
	Verified jsontext.Value `json:"email_verified"`

	Others map[string]jsontext.Value `json:",embed"`
}

// check verifies a token of another issuer, as Issuer.check does.
func (t *Trusted) check(signed *jose.JSONWebSignature, now time.Time) (said, error) {
	s, err := signatureOf(signed, t.Keys)
	if err != nil {
		return said{}, err
	}
	if signed.Signatures[0].Protected.Algorithm != s.key.Algorithm {
		return said{}, errors.New("signed with another algorithm than its key is for (alg)")
	}
	payload, err := signed.Verify(s.key)
	if err != nil {
		return said{}, errNoFit
	}
	var c foreign
	if err := json.Unmarshal(payload, &c); err != nil {
		return said{}, errors.New("its claims have not the form of those of a token")
	}
	if err := c.check(t.Name, t.Audience, now); err != nil {
		return said{}, err
	}
	u, err := t.user(&c, payload)
	return said{s, u, c.IssuedAt, c.until()}, err
}

// user returns whom a token is for.
func (t *Trusted) user(c *foreign, payload []byte) (*bus.User, error) {
	u := &bus.User{Email: c.Subject}
	switch {
	case t.User != "":
		if u.Email = text(claim(payload, t.User)); u.Email == "" {
			return nil, fmt.Errorf("without the claim %s, which names the user", t.User)
		}
	case c.Email != nil:
		if string(c.Verified) == "false" || string(c.Verified) == `"false"` {
			return nil, errors.New("of a user whose email is not verified (email_verified)")
		}
		u.Email = text(c.Email)
	}
	lower, ok := account.Lower(u.Email)
	if !ok || lower == "" {
		return nil, errors.New("without a user (email, sub), or one whose name in lower case is another's")
	}
	u.Email = lower
	where := t.Roles
	if where == "" {
		where = "roles"
	}
	if value := claim(payload, where); value != nil {
		if err := json.Unmarshal(value, (*account.Roles)(&u.Roles)); err != nil {
			return nil, fmt.Errorf("its claim %s holds no roles", where)
		}
	}
	u.Fields = factsOf(c.Others, t.Facts)
	return u, nil
}

// claim returns the value of a claim, nil if there is none.
func claim(payload []byte, where string) jsontext.Value {
	path := []string{where}
	if pointer, ok := strings.CutPrefix(where, "/"); ok {
		path = strings.Split(pointer, "/")
		for i := range path {
			path[i] = strings.ReplaceAll(strings.ReplaceAll(path[i], "~1", "/"), "~0", "~")
		}
	}
	value := jsontext.Value(payload)
	for _, name := range path {
		var object map[string]jsontext.Value
		if value.Kind() != '{' || json.Unmarshal(value, &object) != nil {
			return nil
		}
		value = object[name]
	}
	return value
}

// text returns the text that a value is, or "".
func text(value jsontext.Value) string {
	var s string
	if value.Kind() == '"' {
		_ = json.Unmarshal(value, &s)
	}
	return s
}

// factsOf returns those of the named claims that are texts; nil if none is.
func factsOf(claims map[string]jsontext.Value, names []string) map[string]string {
	var facts map[string]string
	for _, name := range names {
		value := text(claims[name])
		if value == "" {
			continue
		}
		if facts == nil {
			facts = make(map[string]string, len(names))
		}
		facts[name] = value
	}
	return facts
}
