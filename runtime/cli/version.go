package cli

import (
	"fmt"
	goruntime "runtime"

	"github.com/spf13/cobra"
)

func (r *run) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  restspace version",
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(r.stdout, r.versionLine())
			return err
		},
	}
}

// versionLine says what this program is.
func (r *run) versionLine() string {
	return fmt.Sprintf("restspace %s %s %s/%s", r.App.Version, goruntime.Version(), goruntime.GOOS, goruntime.GOARCH)
}
