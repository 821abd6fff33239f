package s3store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// keysOf returns the credentials of c. Without any it looks where Amazon's own
// tools do, in their order: in the environment, as the identity that it names, in
// the shared files, at the container's service, at the machine's.
//
// The SDK has a module that does so too, which takes 1.4 MB of memory in every
// idle server, and 1.9 MB of the program, for ways to sign in by a browser: a
// server has nobody to do that.
func keysOf(c *Config) (aws.CredentialsProvider, error) {
	k := c.Credentials
	if k.AccessKeyID == "" {
		k = Credentials{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")}
	}
	switch {
	case k.AccessKeyID != "" && k.SecretAccessKey != "":
		return static(k), nil
	case k.AccessKeyID != "" || k.SecretAccessKey != "":
		return nil, errors.New("of the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY one is empty: set both, or none")
	}
	web := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.Proxy = nil
		t.DisableKeepAlives = true // keys last for hours
	})
	found, err := webIdentity(c, web)
	if found == nil && err == nil {
		found, err = profile()
	}
	if found == nil && err == nil {
		found, err = container(web)
	}
	if found == nil && err == nil {
		found = machine{ec2rolecreds.New()}
	}
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	return aws.NewCredentialsCache(found), nil
}

func static(k Credentials) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)
}

// webIdentity returns the credentials of a role that a token in a file stands
// for, as Kubernetes has them. nil: the environment names none.
func webIdentity(c *Config, web *awshttp.BuildableClient) (aws.CredentialsProvider, error) {
	token, role := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), os.Getenv("AWS_ROLE_ARN")
	if token == "" {
		return nil, nil
	}
	if role == "" {
		return nil, errors.New("AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN: set the role that the token is for")
	}
	client := sts.New(sts.Options{Region: cmp.Or(os.Getenv("AWS_REGION"), c.Region, defaultRegion), HTTPClient: web})
	return stscreds.NewWebIdentityRoleProvider(client, role, stscreds.IdentityTokenFile(token), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = os.Getenv("AWS_ROLE_SESSION_NAME")
	}), nil
}

// container returns the credentials that a container's own service gives. nil:
// the environment names none.
func container(web *awshttp.BuildableClient) (aws.CredentialsProvider, error) {
	endpoint := os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if path := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		endpoint = "http://169.254.170.2" + path
	}
	if endpoint == "" {
		return nil, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" && !(u.Scheme == "http" && isNear(u.Hostname())) {
		return nil, errors.New("AWS_CONTAINER_CREDENTIALS_FULL_URI is no https URL, nor an http one of an address of this machine")
	}
	return endpointcreds.New(endpoint, func(o *endpointcreds.Options) {
		o.HTTPClient = web
		o.AuthorizationToken = os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if file := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				data, err := os.ReadFile(file)
				return string(data), err
			})
		}
	}), nil
}

// isNear reports whether what is sent to a host, such as a token, does not leave
// the machine: it is the machine itself, or the address of a container's service.
func isNear(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip == netip.MustParseAddr("fd00:ec2::23"))
}

var errNoKeys = errors.New("there are no credentials, neither in the configuration, nor in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), nor in ~/.aws, nor has the machine a role")

// machine is what is asked where nothing else has credentials.
type machine struct{ role aws.CredentialsProvider }

// Retrieve is part of aws.CredentialsProvider.
func (m machine) Retrieve(ctx context.Context) (aws.Credentials, error) {
	keys, err := m.role.Retrieve(ctx)
	if err != nil {
		err = fmt.Errorf("%w: %w", errNoKeys, err)
	}
	return keys, err
}
