package remote_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus/remote"
)

func TestPublic(t *testing.T) {
	for _, row := range []struct {
		address string
		public  bool
	}{
		{"93.184.215.14", true}, {"8.8.8.8", true}, {"100.63.255.255", true}, {"100.128.0.0", true}, {"172.15.255.255", true}, {"172.32.0.0", true},
		{"2606:2800:21f:cb07:6820:80da:af6b:8b2c", true}, {"::ffff:8.8.8.8", true}, {"64:ff9b::808:808", true}, {"2002:808:808::1", true},
		{"127.0.0.1", false}, {"127.255.255.254", false}, {"0.0.0.0", false}, {"0.1.2.3", false}, {"10.1.2.3", false}, {"100.64.0.1", false},
		{"169.254.169.254", false}, {"172.16.0.1", false}, {"172.31.255.255", false}, {"192.168.0.1", false}, {"192.0.0.1", false},
		{"198.18.0.1", false}, {"224.0.0.1", false}, {"255.255.255.255", false}, {"240.0.0.1", false}, {"203.0.113.1", false},
		{"::", false}, {"::1", false}, {"::ffff:127.0.0.1", false}, {"::ffff:10.0.0.1", false}, {"::127.0.0.1", false},
		{"64:ff9b::a9fe:a9fe", false}, {"64:ff9b:1::1", false}, {"2002:7f00:1::", false}, {"2002:a00:1::1", false}, {"2001:0:1::1", false},
		{"fc00::1", false}, {"fd00:ec2::254", false}, {"fe80::1", false}, {"fe80::1%eth0", false}, {"fec0::1", false}, {"ff02::1", false}, {"2001:db8::1", false},
	} {
		err := remote.Public(netip.MustParseAddr(row.address))
		assert.Equal(t, row.public, err == nil, "%s: %v", row.address, err)
	}
	assert.Error(t, remote.Public(netip.Addr{}))
}
