package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/adaptors/plugin"
	"github.com/seed90475182/restspace/deploy"
	"github.com/seed90475182/restspace/runtime/config"
)

// usageTemplate is what the help of a command says after its description.
const usageTemplate = `Usage: {{.UseLine}}
{{if .HasExample}}
Examples:
{{.Example}}
{{end}}{{if .HasAvailableSubCommands}}
Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}

Run 'restspace help COMMAND' for its flags and an example, 'restspace help config'
for the keys of services.json, 'restspace help services' and 'adaptors' for what it
can mount, and 'restspace help deploy' for how to run it on servers.
{{end}}
Flags:
{{.Flags.FlagUsages}}`

func (r *run) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | config | services | service NAME | adaptors | adaptor NAME | plugins | deploy]",
		Short: "Help about a command, services.json, a service or an adaptor",
		Long: `Without an argument: the commands. "config" tells the keys of services.json and
what roles mean; "services" and "adaptors" list what this program can mount, and
"service NAME" and "adaptor NAME" tell all about one; "plugins" tells how further
adaptors are mounted and written, and "deploy" how servers are run: with systemd, in
containers, behind a load balancer. A NAME alone is a command or one of these topics,
else a service, else an adaptor, else the heading of a part of "config".`,
		Example: `  restspace help config
  restspace help metrics
  restspace help services
  restspace help pipeline
  restspace help call`,
		Args:                  takes("[topic]", "[NAME]"),
		ValidArgsFunction:     r.helpTopics,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return showHelp(cmd.Root())
			}
			return r.help(cmd.Root(), args[0], args[1:])
		},
	}
}

// help prints what is known of a topic; names has the name that follows it, if
// one does.
func (r *run) help(root *cobra.Command, topic string, names []string) error {
	heading := strings.Join(append([]string{topic}, names...), " ")
	switch topic {
	case "services":
		return r.listKinds(kinds(r.App, topic), names)
	case "adaptors":
		return r.listKinds(append(kinds(r.App, topic), kind{"./PATH", aboutPlugins}), names)
	case "service", "adaptor":
		return r.describeKind(kinds(r.App, topic+"s"), topic, names)
	case "config":
		return r.guide(config.Doc(), names)
	case "deploy":
		return r.guide(deploy.Doc(), names)
	case "plugins":
		return r.guide(plugin.Doc(), names)
	}
	cmd, names, err := root.Find(append([]string{topic}, names...))
	if err != nil || cmd == root {
		if named := r.kindsNamed(topic); len(named) > 0 {
			return r.describeNamed(topic, named, names[1:])
		}
		if text := part(config.Doc(), heading); text != "" {
			return r.guide(text, nil)
		}
		topics := append(root.SuggestionsFor(topic), nearest(topic, append(topics(), headings(config.Doc())...))...)
		return usagef("there is no help on %q%s", topic, didYouMean(topics))
	}
	if len(names) > 0 {
		return usagef("%q is an argument too many", names[0])
	}
	return showHelp(cmd)
}

// topics returns what there is help on beside commands.
func topics() []string {
	return []string{"config", "services", "service", "adaptors", "adaptor", "plugins", "deploy"}
}

// aboutPlugins is what the list of adaptors says of those that are not built in.
const aboutPlugins = "# plugin\n\nWhat a program serves: see restspace help plugins.\n"

// guide prints what is known of a topic that has no names.
func (r *run) guide(doc string, names []string) error {
	if len(names) > 0 {
		return usagef("%q is an argument too many", names[0])
	}
	return printDoc(r.stdout, doc, r.paintFor(r.stdout))
}

// kindsNamed returns which of "service" and "adaptor" a name is one of.
func (r *run) kindsNamed(name string) (whats []string) {
	for _, what := range []string{"service", "adaptor"} {
		for _, k := range kinds(r.App, what+"s") {
			if k.name == name {
				whats = append(whats, what)
			}
		}
	}
	return whats
}

// describeNamed tells about the first of what a name is one of, and how to read
// about the other.
func (r *run) describeNamed(name string, whats, names []string) error {
	if len(names) > 0 {
		return usagef("%q is an argument too many", names[0])
	}
	if err := r.describeKind(kinds(r.App, whats[0]+"s"), whats[0], []string{name}); err != nil {
		return err
	}
	for _, what := range whats[1:] {
		r.note("there is an %s of that name, too: restspace help %s %s", what, what, name)
	}
	return nil
}

// showHelp prints the help of a command as its flag --help does.
func showHelp(cmd *cobra.Command) error {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	return cmd.Help()
}

// kind is what help tells of a Kind of service or of adaptor.
type kind struct{ name, doc string }

// kinds returns the "services" or the "adaptors" of a, in the order of their
// names.
func kinds(a App, of string) []kind {
	var list []kind
	if of == "services" {
		for _, k := range a.Services.Kinds() {
			list = append(list, kind{k.Name, k.Doc})
		}
		return list
	}
	for _, k := range a.Adaptors.Kinds() {
		list = append(list, kind{k.Name, k.Doc})
	}
	return list
}

func (r *run) listKinds(list []kind, names []string) error {
	if len(names) > 0 {
		return usagef("%q is an argument too many", names[0])
	}
	rows := make([][]string, len(list))
	for i, k := range list {
		rows[i] = []string{k.name, config.Summary(k.doc)}
	}
	return printTable(r.stdout, rows)
}

// describeKind prints the Doc of a Kind. what says which sort it is.
func (r *run) describeKind(list []kind, what string, names []string) error {
	all := make([]string, len(list))
	for i, k := range list {
		all[i] = k.name
	}
	if len(names) == 0 {
		return usagef("which %s? One of %s", what, strings.Join(all, ", "))
	}
	for _, k := range list {
		if k.name == names[0] {
			return printDoc(r.stdout, k.doc, r.paintFor(r.stdout))
		}
	}
	if near := nearest(names[0], all); len(near) > 0 {
		return usagef("there is no %s %q%s", what, names[0], didYouMean(near))
	}
	return usagef("there is no %s %q: it is one of %s", what, names[0], strings.Join(all, ", "))
}

// printDoc prints Markdown as it is, with its headings set off.
func printDoc(w io.Writer, doc string, p paint) error {
	fenced := false
	for line := range strings.Lines(strings.TrimRight(doc, "\n") + "\n") {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if !fenced && strings.HasPrefix(line, "#") {
			line = p.bold(line)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
