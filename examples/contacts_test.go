package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/scripttest"
	servicelist "github.com/seed90475182/restspace/services/all"
)

// TestContacts runs the commands of the README of contacts on files and on S3,
// and then carries the documents from the one to the other.
func TestContacts(t *testing.T) {
	readme, err := os.ReadFile("contacts/README.md")
	require.NoError(t, err)
	texts := consoles(t, string(readme), 8)
	whole, move := strings.Join(texts[:7], ""), texts[7]

	dir := t.TempDir()
	build(t, dir)
	for _, name := range []string{"services.json", "schema.json"} {
		lay(t, "contacts/"+name, filepath.Join(dir, name), anyPort)
	}
	address, end := serve(t, dir)
	session(t, dir, whole, swaps{{readmeAddress, address}})
	end()
	for name, text := range map[string]string{"whole": whole, "move": move} {
		t.Run(name+" on S3", func(t *testing.T) {
			s := onS3(t, s3test.Start(t))
			lay(t, "contacts/s3.json", filepath.Join(dir, "s3.json"), append(s, anyPort...))
			address, end := serve(t, dir, "--config", "s3.json")
			session(t, dir, text, append(s, [2]string{readmeAddress, address}))
			end()
		})
	}
}

// onS3 returns what stands for the bucket of the README on a server, which takes
// the keys of the environment.
func onS3(t *testing.T, server *s3test.Server) swaps {
	t.Setenv("AWS_ACCESS_KEY_ID", server.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretAccessKey)
	return swaps{
		{`"bucket": "contacts"`, `"bucket": "` + server.Bucket(t) + `"`},
		{"http://127.0.0.1:7070", server.Endpoint},
	}
}

// TestContactsOnS3 plays the script of contacts on S3.
func TestContactsOnS3(t *testing.T) {
	s := onS3(t, s3test.Start(t))
	dir := t.TempDir()
	lay(t, "contacts/s3.json", filepath.Join(dir, "services.json"), s)
	lay(t, "contacts/test.txtar", filepath.Join(dir, "test.txtar"), nil)
	o := runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}
	scripttest.Test(t, o, filepath.Join(dir, "test.txtar"))
}
