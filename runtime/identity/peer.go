package identity

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

const (
	peerType = "restspace-peer+jwt" // header typ: no token of a user is one, nor the other way round
	peerLife = 60 * time.Second
	maxPeer  = 16 << 10 // bytes of a token: one of a user fits in with all that it says
)

// A Hop is a request that one server of an installation makes of another, but
// for what an HTTP message says itself.
type Hop struct {
	To    string        // the server that is called: host and port
	User  *bus.User     // nil is nobody, and so is the server itself
	Depth int           // calls above this one
	Left  time.Duration // for the first byte of the answer, in whole milliseconds; 0 is no limit

	// As bus.Root has them.
	Client  string
	Host    string
	Secure  bool
	Foreign bool // ForeignPage
}

// peerClaims are what the token of a Hop says. It has no subject: the user is in a
// member of its own.
type peerClaims struct {
	Issuer   string          `json:"iss"`
	Audience string          `json:"aud"`
	IssuedAt account.Seconds `json:"iat"`
	Expires  account.Seconds `json:"exp"`
	User     *peerUser       `json:"user,omitempty"`
	Depth    int             `json:"depth,omitzero"`
	Left     int64           `json:"left_ms,omitzero"`
	Client   string          `json:"client,omitzero"`
	Host     string          `json:"host,omitzero"`
	Secure   bool            `json:"secure,omitzero"`
	Foreign  bool            `json:"foreign,omitzero"`
}

type peerUser struct {
	Email   string            `json:"sub"`
	Roles   []string          `json:"roles,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
	Actor   string            `json:"act,omitzero"`
	Session *peerSession      `json:"session,omitempty"`
}

type peerSession struct {
	ID      string          `json:"sid"`
	Began   account.Seconds `json:"auth_time"`
	Issued  account.Seconds `json:"iat"`
	Expires account.Seconds `json:"exp"`
}

// SignHop returns the token that a request carries to another server: for the
// server that h names alone, and for a minute.
func (i Issuer) SignHop(h *Hop) (string, error) {
	now := time.Now()
	c := peerClaims{
		Issuer: i.Name, Audience: h.To, IssuedAt: account.At(now), Expires: account.At(now.Add(peerLife)),
		Depth: h.Depth, Left: h.Left.Milliseconds(), Client: h.Client, Host: h.Host, Secure: h.Secure, Foreign: h.Foreign,
	}
	if u := h.User; u != nil && !u.System {
		c.User = &peerUser{Email: u.Email, Roles: u.Roles, Fields: u.Fields, Actor: u.Actor}
		if s := u.Session; s != nil {
			c.User.Session = &peerSession{s.ID, account.At(s.Began), account.At(s.Issued), account.At(s.Expires)}
		}
	}
	return compact(i.signer(now), c, peerType)
}

// Hop verifies the token of a request from another server. own reports whether a
// host and port are this server. The error says what is wrong with it, and what to
// do about it, to those who run the servers.
func (i Issuer) Hop(token string, own func(hostport string) bool) (*Hop, error) {
	signed, err := parseUpTo(maxPeer, token, jose.EdDSA)
	switch {
	case err != nil:
		return nil, err
	case typeOf(signed) != peerType:
		return nil, errors.New("it is none of a server (typ)")
	}
	s, err := signatureOf(signed, i.Keys)
	if err != nil {
		return nil, errors.New("it is signed with a key that is not in auth.keyFile here: give all servers of the installation the same file")
	}
	payload, err := signed.Verify(s.key.Public())
	if err != nil {
		return nil, errNoFit
	}
	var c peerClaims
	if err := json.Unmarshal(payload, &c, json.RejectUnknownMembers(true)); err != nil {
		return nil, errors.New("its claims have not the form of ours: let all servers have the same version")
	}
	if err := c.check(i.Name, own, time.Now()); err != nil {
		return nil, err
	}
	return c.hop(), nil
}

// check holds the claims to what they have to be for this server, now. The minute
// that a token holds is for clocks that differ: it is sent as it is made.
func (c *peerClaims) check(issuer string, own func(string) bool, now time.Time) error {
	const life, longest = account.Seconds(peerLife / time.Second), 1 << 40 // milliseconds
	switch at := account.At(now); {
	case c.Issuer != issuer:
		return fmt.Errorf("it is of the issuer %q, and auth.issuer here is %q: let them be the same", c.Issuer, issuer)
	case !own(c.Audience):
		return fmt.Errorf("it is for %s, which is no name of this server: list in server.hosts by what the others call it", c.Audience)
	case at > c.Expires, c.IssuedAt > at+life, c.Expires-c.IssuedAt > life+1:
		return errors.New("it does not hold at this time: set the clocks of the servers, they differ by more than a minute")
	case c.Depth < 0 || c.Left < 0 || c.Left > longest:
		return errors.New("its claims are not ours")
	}
	return nil
}

func (c *peerClaims) hop() *Hop {
	h := &Hop{To: c.Audience, Depth: c.Depth, Left: time.Duration(c.Left) * time.Millisecond,
		Client: c.Client, Host: c.Host, Secure: c.Secure, Foreign: c.Foreign}
	if u := c.User; u != nil {
		h.User = &bus.User{Email: u.Email, Roles: u.Roles, Fields: u.Fields, Actor: u.Actor}
		if s := u.Session; s != nil {
			h.User.Session = &bus.Session{ID: s.ID, Began: s.Began.Time(), Issued: s.Issued.Time(), Expires: s.Expires.Time()}
		}
	}
	return h
}

// typeOf returns the type that the header of a token says (RFC 8725 section 3.11).
func typeOf(signed *jose.JSONWebSignature) string {
	typ, _ := signed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	return typ
}
