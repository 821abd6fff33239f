package attacks

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// attack is a row of testdata/attacks.json.
type attack struct {
	ID, Area, Title string
	Kind            string // raw: Request is sent; else a function with the row's id carries it out
	Request         string
	Needs           []string // of the configuration, in words
	Expect          expectation
}

// expectation is what has to be seen of an attack.
type expectation struct {
	Answer       string   // in words
	Unchanged    bool     // no file and no configuration is another one afterwards
	Status       statuses // one of them; 0 is a connection closed without an answer
	BodyNot      []string `json:"body_not"`
	BodyLen      *int     `json:"body_len"`
	HeaderMust   []string `json:"header_must"`
	HeaderNot    []string `json:"header_not"`
	LogNot       []string `json:"log_not"`
	MaxMS        int      `json:"max_ms"`
	BytesMax     string   `json:"bytes_max"`
	RSSDeltaMB   int      `json:"rss_delta_mb"`
	Then         string
	ReadBack     string         `json:"read_back"`
	SameAs       string         `json:"same_as"`
	CounterDelta map[string]int `json:"counter_delta"`
	CanaryHits   int            `json:"canary_hits"`
	OneResponse  bool           `json:"one_response"`
	TempFiles    int            `json:"tempfiles"`
}

// statuses is a list of statuses. Rows that are carried out by a function have
// words there instead: the list is empty then.
type statuses []int

// UnmarshalJSON reads either.
func (s *statuses) UnmarshalJSON(data []byte) error {
	var list []any
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, entry := range list {
		if status, ok := entry.(float64); ok {
			*s = append(*s, int(status))
		}
	}
	return nil
}

// attacks returns all rows.
func attacks(t *testing.T) []attack {
	t.Helper()
	data, err := os.ReadFile("testdata/attacks.json")
	require.NoError(t, err)
	var file struct {
		Count   int
		Attacks []attack
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.Len(t, file.Attacks, file.Count)
	return file.Attacks
}

// areas returns the areas of rows, in the order of the rows.
func areas(rows []attack) []string {
	var list []string
	for _, row := range rows {
		if !slices.Contains(list, row.Area) {
			list = append(list, row.Area)
		}
	}
	return list
}
