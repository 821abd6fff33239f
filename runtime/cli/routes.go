package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/urlpattern"
)

func (r *run) routesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "routes",
		Short: "List the mounts with their services, what is behind them, and roles",

		SuggestFor: []string{"list", "ls", "mounts", "services"},
		Long: `Lists what the configuration mounts. It opens and makes nothing that the
configuration names. Behind a service are its adaptors, or the hosts of other
servers. An internal mount answers other services only.`,
		Example: `  restspace routes
  restspace routes --json`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := r.configuration(cmd.Context())
			switch {
			case err != nil:
				return err
			case asJSON:
				return r.printJSON(mountsOf(conf))
			}
			return r.printMounts(conf, true)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}

// mount is what is told of a service of the configuration.
type mount struct {
	Path        string            `json:"path"`
	Name        string            `json:"name"`
	Service     string            `json:"service"`
	Adaptors    map[string]string `json:"adaptors,omitempty"` // names of Kinds by slot
	Hosts       []string          `json:"hosts,omitempty"`    // of other servers
	Internal    bool              `json:"internal,omitzero"`
	ReadRoles   string            `json:"readRoles"`
	WriteRoles  string            `json:"writeRoles"`
	CreateRoles string            `json:"createRoles"`
	ManageRoles string            `json:"manageRoles"`
}

// mountsOf returns the mounts of conf in the order of their paths.
func mountsOf(conf *config.Config) []mount {
	mounts := make([]mount, len(conf.Services))
	for i, s := range conf.Services {
		path := urlpattern.Path{Segments: s.Base, Dir: len(s.Base) == 0}.String()
		if s.Exact {
			path += "."
		}
		mounts[i] = mount{
			Path: path, Name: s.Name, Service: s.Kind.Name, Hosts: s.Hosts, Internal: s.Internal,
			ReadRoles: rolesOf(s.Rules.Read), WriteRoles: rolesOf(s.Rules.Write),
			CreateRoles: rolesOf(s.Rules.Create), ManageRoles: rolesOf(s.Rules.Manage),
			Adaptors: make(map[string]string, len(s.Adaptors)),
		}
		for slot, adaptor := range s.Adaptors {
			mounts[i].Adaptors[slot] = adaptor.Kind.Name
		}
	}
	slices.SortFunc(mounts, func(a, b mount) int { return cmp.Compare(a.Path, b.Path) })
	return mounts
}

// rolesOf returns roles as they are written; nobody has those that are not.
func rolesOf(s *access.Spec) string { return cmp.Or(s.String(), "none") }

// printMounts prints the mounts of conf as a table, with all their roles or
// only those to read and write.
func (r *run) printMounts(conf *config.Config, all bool) error {
	head := []string{"PATH", "NAME", "SERVICE", "BEHIND", "READ", "WRITE", "CREATE", "MANAGE"}
	if !all {
		head = head[:6]
	}
	rows := [][]string{head}
	for _, m := range mountsOf(conf) {
		rows = append(rows, m.row()[:len(head)])
	}
	return printTable(r.stdout, rows)
}

// row returns the cells of m. Nobody from outside has a role at an internal
// mount.
func (m mount) row() []string {
	var behind []string
	for _, slot := range slices.Sorted(maps.Keys(m.Adaptors)) {
		behind = append(behind, m.Adaptors[slot])
	}
	if behind = append(behind, m.Hosts...); len(behind) > 2 {
		behind = []string{behind[0], fmt.Sprintf("%d more", len(behind)-1)}
	}
	cells := []string{m.Path, m.Name, m.Service, cmp.Or(strings.Join(behind, ", "), "-")}
	if m.Internal {
		return append(cells, "internal", "internal", "internal", "internal")
	}
	return append(cells, m.ReadRoles, m.WriteRoles, m.CreateRoles, m.ManageRoles)
}
