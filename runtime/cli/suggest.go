package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// nearDistance is how many letters a name may differ from what was meant.
const nearDistance = 2

// nearest returns the names that name may have been meant to be.
func nearest(name string, names []string) []string {
	choice := &cobra.Command{SuggestionsMinimumDistance: nearDistance}
	for _, n := range names {
		choice.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	return choice.SuggestionsFor(name)
}

// didYouMean asks for one of the names at the end of an error; it is "" if
// there is none.
func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(": did you mean %s?", strings.Join(names, " or "))
}
