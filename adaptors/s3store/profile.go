package s3store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

// profile returns the credentials of the profile AWS_PROFILE, or of the one named
// default, in the files that Amazon's own tools share. nil: there are none.
func profile() (aws.CredentialsProvider, error) {
	asked := cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"))
	name := cmp.Or(asked, "default")
	keys, err := readProfile(name)
	if err != nil {
		return nil, err
	}
	if keys == nil && asked != "" {
		return nil, fmt.Errorf("the profile %q is neither in ~/.aws/credentials nor in ~/.aws/config: write it there, or set AWS_PROFILE to another one", name)
	}
	for _, key := range []string{"role_arn", "sso_session", "sso_start_url", "login_session"} {
		if keys[key] != "" {
			return nil, fmt.Errorf("the profile %q has %s, which restspace does not do: run `aws configure export-credentials --profile %s --format env` and set the variables that it prints", name, key, name)
		}
	}
	k := Credentials{keys["aws_access_key_id"], keys["aws_secret_access_key"], keys["aws_session_token"]}
	switch command := keys["credential_process"]; {
	case k.AccessKeyID != "" && k.SecretAccessKey != "":
		return static(k), nil
	case command != "":
		return processcreds.NewProvider(command), nil
	}
	return nil, nil
}

// readProfile returns what both files say of a profile; nil is nothing. The file
// of credentials has precedence.
func readProfile(name string) (map[string]string, error) {
	section := "profile " + name
	if name == "default" {
		section = name
	}
	settings, err := readSection("AWS_CONFIG_FILE", "config", section)
	if err != nil {
		return nil, err
	}
	more, err := readSection("AWS_SHARED_CREDENTIALS_FILE", "credentials", name)
	if settings == nil {
		return more, err
	}
	maps.Copy(settings, more)
	return settings, err
}

// readSection returns a section of the file that a variable of the environment
// names, or else of ~/.aws/name.
func readSection(variable, name, section string) (map[string]string, error) {
	path := os.Getenv(variable)
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil // so there are no files
		}
		path = filepath.Join(home, ".aws", name)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return sectionOf(string(data), section), err
}

// sectionOf returns the settings of a section, nil without it. Lines that are
// indented belong to the setting before them, which is none that is of use here.
func sectionOf(text, section string) map[string]string {
	var settings map[string]string
	within := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || strings.ContainsAny(line[:1], "#; \t") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			within = strings.Join(strings.Fields(name), " ") == section
			if within && settings == nil {
				settings = make(map[string]string)
			}
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if within && ok {
			settings[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(uncommented(value))
		}
	}
	return settings
}

// uncommented returns a value without the comment after it, which begins with a
// space.
func uncommented(value string) string {
	for _, mark := range []string{" #", " ;", "\t#", "\t;"} {
		value, _, _ = strings.Cut(value, mark)
	}
	return value
}
