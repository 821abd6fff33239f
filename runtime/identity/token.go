package identity

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
)

const (
	maxToken = 8 << 10          // bytes of a token
	leeway   = 60 * time.Second // between the clocks of issuer and verifier
)

// claims are what a token says (RFC 7519 section 4.1), and the roles.
type claims struct {
	Issuer    string   `json:"iss"`
	Audience  audience `json:"aud"`
	Subject   string   `json:"sub"`
	Roles     []string `json:"roles"`
	IssuedAt  float64  `json:"iat"`
	NotBefore float64  `json:"nbf,omitzero"`
	Expires   float64  `json:"exp"`
	ID        string   `json:"jti,omitzero"`
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
	Name     string // claim iss
	Audience string // claim aud
}

// Sign returns a token that says that its bearer is u for the time life.
func (i Issuer) Sign(u *bus.User, life time.Duration) (string, error) {
	key := i.Keys.set.Keys[0]
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	now := time.Now()
	id := make([]byte, 12)
	_, _ = rand.Read(id)
	payload, err := json.Marshal(claims{
		Issuer: i.Name, Audience: audience{i.Audience}, Subject: u.Email, Roles: u.Roles,
		IssuedAt: float64(now.Unix()), Expires: float64(now.Add(life).Unix()),
		ID: base64.RawURLEncoding.EncodeToString(id),
	})
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed.CompactSerialize()
}

// check verifies a token and returns whom it is for and until when it holds.
// Its errors say what is wrong with it, never what it holds.
func (i Issuer) check(token string, now time.Time) (*bus.User, time.Time, error) {
	if len(token) > maxToken {
		return nil, time.Time{}, fmt.Errorf("longer than %d bytes", maxToken)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, time.Time{}, errors.New("not a JWT signed with EdDSA")
	}
	payload, err := i.Keys.verify(signed)
	if err != nil {
		return nil, time.Time{}, err
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, time.Time{}, errors.New("its claims have not the form of ours")
	}
	until := time.Unix(int64(c.Expires), 0).Add(leeway)
	switch {
	case c.Issuer != i.Name:
		return nil, time.Time{}, errors.New("from another issuer (iss)")
	case !slices.Contains(c.Audience, i.Audience):
		return nil, time.Time{}, errors.New("for another audience (aud)")
	case c.Subject == "":
		return nil, time.Time{}, errors.New("without a subject (sub)")
	case c.Expires <= 0 || c.Expires > 1<<40 || !now.Before(until):
		return nil, time.Time{}, errors.New("expired (exp)")
	case max(c.NotBefore, c.IssuedAt) > float64(now.Add(leeway).Unix()):
		return nil, time.Time{}, errors.New("not valid yet (nbf, iat)")
	}
	return &bus.User{Email: c.Subject, Roles: c.Roles}, until, nil
}

// verify checks the signature with the key that the token names, and that the
// token asks for no key of its own (RFC 8725 section 3.10).
func (k *Keys) verify(signed *jose.JSONWebSignature) ([]byte, error) {
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
	for _, key := range k.set.Keys {
		if key.KeyID == header.KeyID {
			payload, err := signed.Verify(key.Public())
			if err != nil {
				return nil, errors.New("the signature does not fit")
			}
			return payload, nil
		}
	}
	return nil, errors.New("signed with an unknown key (kid)")
}
