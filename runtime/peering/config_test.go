package peering

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime/config"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestConfigurationsThatAreWrong(t *testing.T) {
	kinds := config.Kinds{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}
	lookup := config.Lookup{Env: func(string) (string, bool) { return "http://secret.example/x", true }}
	for name, row := range map[string]struct{ more, url, want string }{
		"no peer": {`"auth": {}`, `"https://c.example/orders"`,
			`/services/0/url: "c.example" is no other server of this installation: add "c.example" to server.peers, or use the Kind proxy where it is none`},
		"a peer at another port": {`"auth": {}`, `"https://b.example:8443/orders"`, `"b.example:8443" is no other server of this installation`},
		"no peer, from outside": {`"auth": {}`, `{"$env": "URL"}`,
			`/services/0/url: it leads to no other server of this installation: write its host into "peers" of "server"`},
		"no server":  {`"auth": {}`, `"/orders"`, `no server: write the URL of a service on another server, such as "https://b.example/orders"`},
		"codes":      {`"auth": {}`, `"https://b.example/orders/$>0"`, `codes mean nothing here`},
		"a query":    {`"auth": {}`, `"https://b.example/orders?x=1"`, `a query: write the URL of a service`},
		"a fragment": {`"auth": {}`, `"https://b.example/orders#x"`, `a fragment is not sent`},
		"no URL":     {`"auth": {}`, `"ftp://b.example/orders"`, `the scheme is neither http nor https`},
		"records": {`"auth": {"userUrlPattern": "/orders/${email}"}`, `"https://b.example/orders"`,
			`/auth/userUrlPattern: service "orders" is one of another server, and no server tells others what it keeps of users: mount one of the Kind user here, on the same store`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("services.json", []byte(`{"server": {"hosts": ["a.example"], "peers": ["b.example"]}, `+row.more+`, "services": [
				{"name": "orders", "basePath": "/orders", "service": "remote", "url": `+row.url+`, "readRoles": "all"}]}`), kinds, lookup)
			require.Error(t, err)
			assert.Contains(t, err.Error(), row.want)
			assert.NotContains(t, err.Error(), "secret.example")
		})
	}
}
