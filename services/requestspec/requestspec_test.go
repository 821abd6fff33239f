package requestspec_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/requestspec"
	"github.com/seed90475182/restspace/urlpattern"
)

func TestVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var rows []struct {
		Spec, Default string
		Body          json.RawMessage
		Expected      struct {
			Method, URL string
			Body        json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal(data, &rows))
	require.NotEmpty(t, rows)
	for _, row := range rows {
		t.Run(row.Spec, func(t *testing.T) {
			s, err := requestspec.Parse(row.Spec, row.Default)
			require.NoError(t, err)
			assert.Equal(t, row.Expected.Method, s.Method)
			assert.Equal(t, row.Expected.URL, s.URL.String())
			if row.Expected.Body == nil {
				assert.Nil(t, s.Part)
				return
			}
			require.NotNil(t, s.Part)
			part, ok := s.Part.Raw(row.Body)
			assert.True(t, ok)
			assert.Equal(t, string(row.Expected.Body), string(part))
		})
	}
}

func TestForms(t *testing.T) {
	for text, want := range map[string]requestspec.Spec{
		"POST $this /x":     {Method: "POST", Whole: true},
		"$METHOD /x":        {Method: "$METHOD"},
		"GET  /two  spaces": {Method: "GET"},
		"get /x":            {Method: "POST"},
	} {
		s, err := requestspec.Parse(text, "POST")
		require.NoError(t, err, text)
		assert.Equal(t, want.Method, s.Method, text)
		assert.Equal(t, want.Whole, s.Whole, text)
	}
	s, err := requestspec.Parse("GET $?(from)", "POST")
	require.NoError(t, err)
	assert.True(t, s.URL.FromData())
}

func TestSyntax(t *testing.T) {
	for text, want := range map[string]urlpattern.SyntaxError{
		"":              {Offset: 0, Message: "a URL is missing: write one such as /contacts/$>0"},
		"PUT a.b ":      {Offset: 8, Message: "a URL is missing: write one such as /contacts/$>0"},
		"PUT a[ /x":     {Offset: 6},
		"PUT a /x/${b":  {Offset: 9, Message: "a code that is not finished: write } at its end"},
		"POST /x/${a}#": {Offset: 12},
	} {
		_, err := requestspec.Parse(text, "POST")
		var syntax *urlpattern.SyntaxError
		require.ErrorAs(t, err, &syntax, text)
		assert.Equal(t, want.Offset, syntax.Offset, "%s: %v", text, err)
		if want.Message != "" {
			assert.Equal(t, want.Message, syntax.Message, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"/abc", "PUT a.b /x/${c}", "$METHOD $this /x", "GET $?(a)", "PUT a[last()] /x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := requestspec.Parse(text, "POST")
		if err != nil {
			var syntax *urlpattern.SyntaxError
			require.ErrorAs(t, err, &syntax)
			assert.LessOrEqual(t, syntax.Offset, len(text))
			return
		}
		assert.NotNil(t, s.URL)
		assert.NotEmpty(t, s.Method)
	})
}
