package identity

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

const (
	maxToken = 8 << 10          // bytes of a token
	leeway   = 60 * time.Second // between the clocks of issuer and verifier
)

// claimed is what every token says (RFC 7519 section 4.1).
type claimed struct {
	Issuer    string          `json:"iss"`
	Audience  audience        `json:"aud"`
	Subject   string          `json:"sub"`
	IssuedAt  account.Seconds `json:"iat,omitzero"`
	NotBefore account.Seconds `json:"nbf,omitzero"`
	Expires   account.Seconds `json:"exp"`
}

// claims are what a token of ours says.
type claims struct {
	claimed
	Roles   []string        `json:"roles"`
	ID      string          `json:"jti,omitzero"`
	Session string          `json:"sid,omitzero"`       // OpenID Connect Front-Channel Logout 1.0 section 3
	Began   account.Seconds `json:"auth_time,omitzero"` // of the session (OpenID Connect Core 1.0 section 2)
	Actor   *actor          `json:"act,omitzero"`       // RFC 8693 section 4.1

	Others map[string]jsontext.Value `json:",embed"`
}

type actor struct {
	Subject string `json:"sub"`
}

// audience is one name or a list of them (RFC 7519 section 4.1.3).
type audience []string

// UnmarshalJSON reads either form.
func (a *audience) UnmarshalJSON(data []byte) error {
	if jsontext.Value(data).Kind() == '"' {
		*a = make(audience, 1)
		return json.Unmarshal(data, &(*a)[0])
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// An Issuer signs tokens in the name of an installation.
type Issuer struct {
	Keys     *Keys
	Name     string   // claim iss
	Audience string   // claim aud
	Facts    []string // names of further claims that are facts about the user

	// Wait is how old a key is before it signs, where there is an older one: see
	// [Wait].
	Wait time.Duration
}

// signer returns the key that signs tokens, of users and of servers.
func (i Issuer) signer(now time.Time) *jose.JSONWebKey {
	s := i.Keys.current(lookAgain)
	return &s.set.Keys[s.signs(now, i.Wait)]
}

// Sign returns a token that says that its bearer is u for the time life, or
// until their session ends.
func (i Issuer) Sign(u *bus.User, life time.Duration) (string, error) {
	return i.SignAt(u, time.Now(), life)
}

// SignAt is Sign for a token that was issued at a time.
func (i Issuer) SignAt(u *bus.User, at time.Time, life time.Duration) (string, error) {
	c := claims{
		claimed: claimed{Issuer: i.Name, Audience: audience{i.Audience}, Subject: u.Email,
			IssuedAt: account.At(at), Expires: account.At(at.Add(life))},
		Roles: u.Roles, ID: newID(),
	}
	if s := u.Session; s != nil {
		c.Session, c.Began = s.ID, account.At(s.Began)
	}
	if u.Actor != "" {
		c.Actor = &actor{u.Actor}
	}
	for _, name := range i.Facts {
		value, ok := u.Fields[name]
		if !ok {
			continue
		}
		if c.Others == nil {
			c.Others = make(map[string]jsontext.Value, len(i.Facts))
		}
		quoted, err := jsontext.AppendQuote(nil, value)
		if err != nil {
			return "", fmt.Errorf("sign token: %s of the user: %w", name, err)
		}
		c.Others[name] = quoted
	}
	return compact(i.signer(time.Now()), c, "JWT")
}

// compact returns a JWT of a type with the claims.
func compact(key *jose.JSONWebKey, claims any, typ jose.ContentType) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType(typ))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	payload, err := json.Marshal(claims, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed.CompactSerialize()
}

// newID returns what no other token, session or key is called.
func newID() string {
	id := make([]byte, 12)
	_, _ = rand.Read(id)
	return base64.RawURLEncoding.EncodeToString(id)
}

// NewSession returns a session that begins now.
func NewSession() *bus.Session { return &bus.Session{ID: newID(), Began: time.Now()} }

// said is what a token that holds says.
type said struct {
	signature
	user   *bus.User
	issued account.Seconds
	until  time.Time // it holds
}

// check verifies a token. Its errors say what is wrong with it, never what it
// holds.
func (i Issuer) check(signed *jose.JSONWebSignature, now time.Time) (said, error) {
	if typeOf(signed) == peerType {
		return said{}, errors.New("of a server, and not of a user (typ)")
	}
	s, err := signatureOf(signed, i.Keys)
	if err != nil {
		return said{}, err
	}
	payload, err := signed.Verify(s.key.Public())
	if err != nil {
		return said{}, errNoFit
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return said{}, errors.New("its claims have not the form of ours")
	}
	if err := c.check(i.Name, i.Audience, now); err != nil {
		return said{}, err
	}
	said := c.said(i.Facts)
	said.signature = s
	return said, nil
}

var errNoFit = errors.New("the signature does not fit")

// signature is what a token is believed for.
type signature struct {
	keys KeySource
	id   string
	key  *jose.JSONWebKey
}

func signatureOf(signed *jose.JSONWebSignature, keys KeySource) (signature, error) {
	id := signed.Signatures[0].Protected.KeyID
	key, err := keys.Key(id)
	return signature{keys, strings.Clone(id), key}, err
}

// holds reports whether its issuer still has the key.
func (s *signature) holds() bool {
	key, err := s.keys.Key(s.id)
	return err == nil && key == s.key
}

// parse reads the token of a user.
func parse(token string, algorithms ...jose.SignatureAlgorithm) (*jose.JSONWebSignature, error) {
	return parseUpTo(maxToken, token, algorithms...)
}

// parseUpTo reads a token, which asks for no key of its own (RFC 8725 section 3.10).
func parseUpTo(most int, token string, algorithms ...jose.SignatureAlgorithm) (*jose.JSONWebSignature, error) {
	if len(token) > most {
		return nil, fmt.Errorf("longer than %d bytes", most)
	}
	for part := range strings.SplitSeq(token, ".") { // or else one token has many forms
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return nil, errors.New("not a JWT: its parts are not base64url (RFC 4648 section 3.5)")
		}
	}
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, fmt.Errorf("not a JWT signed with %s", algorithms[0])
	}
	if len(signed.Signatures) != 1 {
		return nil, errors.New("not signed once")
	}
	header := signed.Signatures[0].Protected
	if header.JSONWebKey != nil {
		return nil, errors.New("it brings its own key (jwk)")
	}
	for _, name := range []jose.HeaderKey{"jku", "x5u", "x5c", "x5t", "crit", "b64"} {
		if _, ok := header.ExtraHeaders[name]; ok {
			return nil, fmt.Errorf("its header has %s", name)
		}
	}
	return signed, nil
}

// check holds the claims to an issuer, an audience and a time.
func (c *claimed) check(issuer, audience string, now time.Time) error {
	switch at := account.At(now.Add(leeway)); {
	case c.Issuer != issuer:
		return errors.New("from another issuer (iss)")
	case !slices.Contains(c.Audience, audience):
		return errors.New("for another audience (aud)")
	case c.Subject == "":
		return errors.New("without a subject (sub)")
	case c.Expires <= 0 || c.Expires > 1<<40 || !now.Before(c.until()):
		return errors.New("expired (exp)")
	case max(c.NotBefore, c.IssuedAt) > at:
		return errors.New("not valid yet (nbf, iat)")
	}
	return nil
}

func (c *claimed) until() time.Time { return c.Expires.Time().Add(leeway) }

// said returns what the claims say, with those among the facts.
func (c *claims) said(facts []string) said {
	u := &bus.User{Email: c.Subject, Roles: c.Roles}
	if c.Actor != nil {
		u.Actor = c.Actor.Subject
	}
	if c.Session != "" {
		u.Session = &bus.Session{ID: c.Session, Began: c.Began.Time(), Issued: c.IssuedAt.Time(), Expires: c.Expires.Time()}
	}
	u.Fields = factsOf(c.Others, facts)
	return said{user: u, issued: c.IssuedAt, until: c.until()}
}
