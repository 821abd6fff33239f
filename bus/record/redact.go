package record

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// A Redactor takes secrets out of texts: values that it was told, and what
// stands where secrets do, such as the member password of JSON, the parameter
// token of a URL, or the field Authorization. It does not change, and is safe
// for concurrent use. nil knows no values.
type Redactor struct {
	values   []string // in all spellings, the longest first
	replacer *strings.Replacer
}

// NewRedactor returns a Redactor that knows the values of secrets.
func NewRedactor(values []string) *Redactor {
	r := new(Redactor)
	for _, value := range values {
		value = strings.Trim(value, "'\"` ") // of a string in an expression
		if value == "" {
			continue
		}
		quoted, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(value, "\ufffd"))
		for _, spelling := range []string{value, string(quoted[1 : len(quoted)-1]), url.QueryEscape(value), url.PathEscape(value)} {
			if !slices.Contains(r.values, spelling) {
				r.values = append(r.values, spelling)
			}
		}
	}
	slices.SortFunc(r.values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, value := range r.values {
		pairs = append(pairs, value, redacted)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r
}

// Text returns a text, such as a URL, a body or an error, without secrets.
func (r *Redactor) Text(text string) string {
	if text == "" {
		return ""
	}
	if r != nil {
		text = r.replacer.Replace(text)
	}
	text = patterns.userInfo.ReplaceAllString(text, "://"+redacted+"@")
	text = patterns.field.ReplaceAllString(text, "$1"+redacted)
	text = patterns.scheme.ReplaceAllString(text, "$1 "+redacted)
	text = patterns.token.ReplaceAllString(text, redacted)
	text = patterns.parameter.ReplaceAllStringFunc(text, parameter)
	return members(text)
}

// Field returns the value of a header field without secrets.
func (r *Redactor) Field(name, value string) string {
	if secretName(name) || strings.EqualFold(name, "Authentication-Info") {
		return redacted
	}
	return r.Text(value)
}

// withoutHalf cuts a value off the end of a text that was cut inside it.
func (r *Redactor) withoutHalf(text string) string {
	if r == nil {
		return text
	}
	from := len(text)
	for _, value := range r.values {
		for n := min(len(value)-1, len(text)); n > 0; n-- {
			if strings.HasSuffix(text, value[:n]) {
				from = min(from, len(text)-n)
				break
			}
		}
	}
	return text[:from]
}

// patterns find where secrets may stand.
var patterns = struct{ userInfo, field, scheme, token, parameter *regexp.Regexp }{
	regexp.MustCompile(`://[^/?#\s"@]*@`),
	regexp.MustCompile(`(?im)((?:^|[\s'])(?:proxy-authorization|authorization|set-cookie|cookie|x-api-key|x-auth-token)\s*:\s*)[^\r\n"']+`),
	regexp.MustCompile(`(?i)\b(Bearer|Basic|Digest) +[A-Za-z0-9+/=._~-]{8,}`),
	regexp.MustCompile(`\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*`), // RFC 7519, wherever it stands
	regexp.MustCompile(`(?:^|[?&;\s"'(])[\w%.~+\[\]-]+=[^&;\s"'#]+`),
}

// parameter takes the value out of a parameter that has a secret one.
func parameter(found string) string {
	name, _, _ := strings.Cut(found, "=")
	key, err := url.QueryUnescape(strings.TrimLeft(name, "?&; \t\r\n\"'("))
	if err != nil || !secretName(key) {
		return found
	}
	return name + "=" + redacted
}

// members takes the values out of those members of JSON that have secret ones,
// also where the text is only the beginning of a document.
func members(text string) string {
	if !strings.Contains(text, `":`) && !strings.Contains(text, `" `) && !strings.Contains(text, "\"\n") {
		return text
	}
	var made strings.Builder
	done := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		end := stringEnd(text, i)
		after := spaces(text, end)
		if after < len(text) && text[after] == ':' {
			key, err := jsontext.AppendUnquote(nil, text[i:end])
			if err == nil && secretName(string(key)) {
				from := spaces(text, after+1)
				made.WriteString(text[done:from])
				made.WriteString(`"` + redacted + `"`)
				done = valueEnd(text, from)
				end = done
			}
		}
		i = end - 1
	}
	made.WriteString(text[done:])
	return made.String()
}

func spaces(text string, at int) int {
	return len(text) - len(strings.TrimLeft(text[at:], " \t\r\n"))
}

// stringEnd returns where the JSON string that begins at a quote is over.
func stringEnd(text string, at int) int {
	for i := at + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// valueEnd returns where the JSON value that begins at a place is over.
func valueEnd(text string, at int) int {
	depth := 0
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			} else if depth == 0 {
				return i + 1
			}
		case ',', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// secretName reports whether a member, a parameter or a field of that name has
// a secret value.
func secretName(name string) bool {
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(name))
	switch name {
	case "pwd", "sig", "auth", "jwt", "otp", "passcode", "cookie", "setcookie", "authorization", "proxyauthorization", "credentials":
		return true
	}
	for _, end := range []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "secretkey", "accesskey", "privatekey", "signature"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
