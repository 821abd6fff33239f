package runtime

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/edge"
	"github.com/seed90475182/restspace/runtime/identity"
)

// refusedField is in the answer of a server that does not believe the token of
// another one.
const refusedField = "X-Restspace-Peer"

// servePeer has another server of this installation answer m. It is told in a
// signed token who asks; the credentials that it was asked with stay here.
func (o outgoing) servePeer(ctx context.Context, m *bus.Message, g *generation) (*bus.Message, error) {
	if err := o.permit(m); err != nil {
		return nil, err
	}
	hop := hopOf(ctx, m)
	token, err := g.issuer.SignHop(&hop)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	for _, name := range []string{"Authorization", "Cookie"} {
		m.Header.Del(name)
	}
	o.sign(ctx, &m.Header)
	m.Header.Set(edge.PeerField, token)
	reply, err := o.named.Serve(ctx, m)
	if err != nil || !reply.Header.Has(refusedField) && reply.Status != http.StatusMisdirectedRequest {
		return reply, err
	}
	return nil, errors.Join(refusal(reply), reply.Close())
}

// hopOf returns what another server is told of m.
func hopOf(ctx context.Context, m *bus.Message) identity.Hop {
	hop := identity.Hop{To: config.Authority(m.URL.Scheme, m.URL.Host), User: m.User, Depth: m.Depth}
	if end, ok := ctx.Deadline(); ok {
		hop.Left = max(time.Millisecond, time.Until(end))
	}
	if root := bus.RootOf(ctx); root != nil {
		hop.Client, hop.Host, hop.Secure, hop.Foreign = root.Client, root.Host, root.Secure, root.ForeignPage
	}
	return hop
}

// refusal returns the error of a call whose token another server does not
// believe, or whose Host it does not know. What that one says of it is for the
// log: the client can't mend it.
func refusal(reply *bus.Message) error {
	const most = 64 << 10
	var said struct {
		Detail string `json:"detail"`
	}
	data, err := reply.Body.Bytes(most)
	if err == nil {
		err = json.Unmarshal(data, &said)
	}
	why := errors.New(said.Detail)
	if err != nil || said.Detail == "" {
		why = fmt.Errorf("it answers %d and does not say why: see whether it is restspace that answers there", reply.Status)
	}
	return &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUpstream, Err: why,
		Detail: "the other server does not know this one as a server of its installation"}
}

// believe sets who asks, and what else another server of this installation says in
// the token of a request. A token that does not hold is an error: who has sent it
// is no client, or it is a forgery.
func (g *generation) believe(root *bus.Root, m *bus.Message) error {
	hop, err := g.hop(root.Peer.Token)
	if err != nil {
		root.Seen.Token = err.Error()
		return &bus.Error{Status: http.StatusUnauthorized, Type: bus.TypePeer,
			Detail: "the token of another server of the installation was not believed: " + err.Error(),
			Header: bus.Header{{Name: "WWW-Authenticate", Value: `Bearer realm="restspace"`}, {Name: refusedField, Value: "refused"}}}
	}
	m.Header.Del("Authorization") // the token says who asks, be it nobody
	m.Header.Del("Cookie")
	m.User, m.Depth = hop.User, hop.Depth
	if hop.User != nil {
		root.Seen.Actor, root.Seen.Hidden = hop.User.Actor, true
	}
	if hop.Left > 0 {
		root.AtMost(hop.Left)
	}
	if root.Peer.ID != "" {
		root.ID = root.Peer.ID
	}
	if hop.Client != "" {
		root.Client = hop.Client
	}
	if hop.Host != "" {
		root.Host, root.Secure = hop.Host, hop.Secure
	}
	root.ForeignPage = hop.Foreign
	g.traces.Begin(root, time.Now(), true)
	return root.Enter(m.Depth)
}

var errNoPeers = errors.New("this server has none: list them in server.peers")

// hop returns what the token of another server says.
func (g *generation) hop(token string) (*identity.Hop, error) {
	if len(g.conf.Server.Peers) == 0 {
		return nil, errNoPeers
	}
	return g.issuer.Hop(token, g.conf.Server.IsOwn)
}
