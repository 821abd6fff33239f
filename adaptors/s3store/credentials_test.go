package s3store_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

// TestCredentials opens a bucket with the keys of each place that they may be in.
// KEY and SECRET stand for the right ones, HOME for the directory with the files,
// and SERVICE for the service of a container or machine, which gives them too.
func TestCredentials(t *testing.T) {
	server := s3test.Start(t)
	config := configOf(t, server)
	config.Credentials = s3store.Credentials{}
	service := keyService(t, server)
	stand := strings.NewReplacer("KEY", server.AccessKeyID, "SECRET", server.SecretAccessKey, "SERVICE", service).Replace
	const keys = "aws_access_key_id = KEY\naws_secret_access_key = SECRET # mine\n"
	const wrong = "aws_access_key_id=wrong\naws_secret_access_key=wrong\n"
	type m = map[string]string
	for name, row := range map[string]struct {
		env, files m
		says       string // "" is success
	}{
		"environment":             {env: m{"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRET"}},
		"environment before file": {env: m{"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRET"}, files: m{"credentials": "[default]\n" + wrong}},
		"half of the environment": {env: m{"AWS_ACCESS_KEY_ID": "KEY"}, says: "of the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY one is empty: set both, or none"},

		"file":                 {files: m{"credentials": "# of the shop\n[other]\n" + wrong + "\n[ default ]\r\n" + keys + "[last]\n" + wrong}},
		"profile":              {env: m{"AWS_PROFILE": "shop"}, files: m{"credentials": "[default]\n" + wrong + "[shop]\n" + keys}},
		"profile of config":    {env: m{"AWS_PROFILE": "shop"}, files: m{"config": "[default]\n" + wrong + "[profile shop]\ns3 =\n  aws_access_key_id = wrong\n" + keys}},
		"credentials decide":   {files: m{"config": "[default]\n" + wrong, "credentials": "[default]\n" + keys}},
		"elsewhere":            {env: m{"AWS_SHARED_CREDENTIALS_FILE": "HOME/.aws/keys"}, files: m{"keys": "[default]\n" + keys}},
		"process":              {files: m{"config": "[default]\ncredential_process = printf '{\"Version\": 1, \"AccessKeyId\": \"KEY\", \"SecretAccessKey\": \"SECRET\"}'\n"}},
		"profile that is none": {env: m{"AWS_PROFILE": "shop"}, files: m{"credentials": "[default]\n" + keys}, says: `the profile "shop" is neither in ~/.aws/credentials nor in ~/.aws/config`},
		"role":                 {files: m{"config": "[default]\nrole_arn = x\nsource_profile = y\n", "credentials": "[default]\n" + keys}, says: `the profile "default" has role_arn, which restspace does not do: run ` + "`aws configure export-credentials --profile default --format env`"},
		"sign-in":              {files: m{"config": "[default]\nsso_session = x\n"}, says: `the profile "default" has sso_session`},

		"container":           {env: m{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "SERVICE/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in"}},
		"container with file": {env: m{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "SERVICE/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "HOME/.aws/token"}, files: m{"token": "let me in"}},
		"container far away":  {env: m{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/"}, says: "AWS_CONTAINER_CREDENTIALS_FULL_URI is no https URL, nor an http one of an address of this machine"},
		"machine":             {env: m{"AWS_EC2_METADATA_SERVICE_ENDPOINT": "SERVICE", "AWS_EC2_METADATA_DISABLED": "false"}},
		"nowhere":             {says: "there are no credentials, neither in the configuration, nor in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), nor in ~/.aws, nor has the machine a role"},

		"token without a role": {env: m{"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token"}, says: "AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN"},
		"token that is none":   {env: m{"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token", "AWS_ROLE_ARN": "x"}, says: "token: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			home := bareHome(t)
			for file, text := range row.files {
				require.NoError(t, os.WriteFile(filepath.Join(home, ".aws", file), []byte(stand(text)), 0o600))
			}
			for name, value := range row.env {
				t.Setenv(name, strings.ReplaceAll(stand(value), "HOME", home))
			}
			s, err := s3store.Open(t.Context(), config, adaptors.Env{})
			if row.says != "" {
				assert.ErrorContains(t, err, row.says)
				assert.NotContains(t, fmt.Sprint(err), server.SecretAccessKey)
				return
			}
			require.NoError(t, err)
			assert.NoError(t, s.Close())
		})
	}
}

// bareHome takes all that tells of credentials from the environment, and returns
// a home with an empty directory .aws.
func bareHome(t *testing.T) string {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	home := t.TempDir()
	t.Setenv("HOME", home)
	require.NoError(t, os.Mkdir(filepath.Join(home, ".aws"), 0o700))
	return home
}

// keyService answers as the service of a container, which wants a token, and as
// that of a machine.
func keyService(t *testing.T, s *s3test.Server) (url string) {
	keys := fmt.Sprintf(`{"Code": "Success", "AccessKeyId": %q, "SecretAccessKey": %q, "Token": "", "Expiration": "2100-01-01T00:00:00Z"}`, s.AccessKeyID, s.SecretAccessKey)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /container", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "let me in" {
			_, _ = io.WriteString(w, keys)
		}
	})
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
		_, _ = io.WriteString(w, "token")
	})
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/{role...}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("role") == "" {
			_, _ = io.WriteString(w, "shop")
			return
		}
		_, _ = io.WriteString(w, keys)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
