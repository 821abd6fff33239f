package cli

import (
	"context"
	"errors"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
)

func (r *run) callCommand() *cobra.Command {
	var c calling
	cmd := &cobra.Command{
		Use:   "call METHOD URL",
		Short: "Make one request of the configuration, without a server",

		SuggestFor: []string{"curl", "get", "request"},
		Long: `Makes one request of the configuration inside this process, and prints status,
fields and body of the reply. URL is a path with its query, or a whole URL of
this server. The exit code is 1 for a status of 400 or more. The directories
that a running server has are closed to it, unless it is a dry run, and a call
that needs one of them fails: ask that server over HTTP, with a token.

Without a field Content-Type in -H, the body is of the type that the name of its
file says, or else application/json if it is JSON, text if it is UTF-8, and
application/octet-stream otherwise.

--trace shows on stderr what happened inside, as a tree: the steps of pipelines,
the calls with their URLs, the services that answered, statuses, times, and how
many bytes were sent and answered. Secrets are left out of it: values that came
from outside the configuration, and what stands under names such as password,
token and Authorization.

--dry-run makes no change. GET is answered as ever; a write, also one that a
pipeline makes, is told on stderr instead ("would PUT /contacts/ann, 214 bytes"),
and taken for a 204 by what follows. Other servers are sent GET alone. No file and
no directory is made: a store that is missing is empty. The directories of a
running server are read, too.`,
		Example: `  restspace call GET '/contacts/?$take=10'
  restspace call PUT /contacts/jo -d '{"name":"Jo"}' --as jo@example.com --roles "U E"
  restspace call POST /newsletter -d @news.json --dry-run --trace
  restspace call POST /files/photo.png -d @photo.png -H 'If-None-Match: *'`,
		Args:              takes("METHOD", "URL"),
		ValidArgsFunction: r.requests,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.method, c.url, c.hasData = args[0], args[1], cmd.Flags().Changed("data")
			if err := c.check(); err != nil {
				return err
			}
			return r.call(cmd.Context(), c)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&c.data, "data", "d", "", "body: `text`, @file, or @- for standard input")
	f.StringArrayVarP(&c.fields, "header", "H", nil, "`field` 'Name: value' of the header; may be given more than once")
	f.StringVar(&c.as, "as", "", "`email` of the user who asks; nobody without it")
	f.StringVar(&c.roles, "roles", "", "`roles` of the user, separated by spaces")
	f.BoolVar(&c.bodyOnly, "body", false, "print the body alone")
	f.StringVar(&c.trace, "trace", "", "show what happened inside on stderr; `form` is tree or json")
	f.Lookup("trace").NoOptDefVal = traceTree
	f.BoolVar(&c.bodies, "bodies", false, "with --trace: show the beginning of each body, too")
	f.BoolVar(&c.dryRun, "dry-run", false, "change nothing, and tell on stderr what would be changed")
	completeNoFiles(cmd, "header", "as", "roles", "trace")
	return cmd
}

func (r *run) call(ctx context.Context, c calling) error {
	name, data, err := r.source(ctx)
	if err != nil {
		return err
	}
	conf, err := r.parse(name, data)
	if err != nil {
		return err
	}
	m, err := r.request(c, &conf.Server)
	if err != nil {
		return err
	}
	options := r.options(false)
	options.Once, options.DryRun, options.Reads = true, c.dryRun, m.Method == http.MethodGet || m.Method == http.MethodHead
	server := runtime.New(options)
	if err := server.Load(ctx, name, data); err != nil {
		return err
	}
	root := bus.NewRoot(ctx, conf.Server.Limits.Timeout.Duration())
	defer root.End()
	return errors.Join(r.recorded(root, server, m, c), server.Close(ctx))
}

// exchange has service answer m and prints the reply. What is wrong inside the
// server is for whoever calls it here to know.
func (r *run) exchange(ctx context.Context, service bus.Service, m *bus.Message, bodyOnly bool) error {
	method := m.Method
	reply, err := service.Serve(ctx, m)
	if err != nil {
		return err
	}
	err = errors.Join(r.printReply(method, reply, bodyOnly), reply.Close())
	if err != nil || reply.Status < http.StatusBadRequest {
		return err
	}
	if root := bus.RootOf(ctx); reply.Status >= http.StatusInternalServerError && root.Seen.Err != nil {
		r.complain(root.Seen.Err)
	}
	return errTold
}
