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
that a running server has are closed to it, and a call that needs one of them
fails: ask that server over HTTP, with a token.

Without a field Content-Type in -H, the body is of the type that the name of its
file says, or else application/json if it is JSON, text if it is UTF-8, and
application/octet-stream otherwise.`,
		Example: `  restspace call GET '/contacts/?$take=10'
  restspace call PUT /contacts/jo -d '{"name":"Jo"}' --as jo@example.com --roles "U E"
  restspace call POST /files/photo.png -d @photo.png -H 'If-None-Match: *'`,
		Args:              takes("METHOD", "URL"),
		ValidArgsFunction: r.requests,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.method, c.url, c.hasData = args[0], args[1], cmd.Flags().Changed("data")
			return r.call(cmd.Context(), c)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&c.data, "data", "d", "", "body: `text`, @file, or @- for standard input")
	f.StringArrayVarP(&c.fields, "header", "H", nil, "`field` 'Name: value' of the header; may be given more than once")
	f.StringVar(&c.as, "as", "", "`email` of the user who asks; nobody without it")
	f.StringVar(&c.roles, "roles", "", "`roles` of the user, separated by spaces")
	f.BoolVar(&c.bodyOnly, "body", false, "print the body alone")
	completeNoFiles(cmd, "header", "as", "roles")
	return cmd
}

func (r *run) call(ctx context.Context, c calling) error {
	name, data, err := r.source()
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
	options.Once = true
	server := runtime.New(options)
	if err := server.Load(ctx, name, data); err != nil {
		return err
	}
	root := bus.NewRoot(ctx, conf.Server.Limits.Timeout.Duration())
	defer root.End()
	return errors.Join(r.exchange(root, server, m, c.bodyOnly), server.Close(ctx))
}

// exchange has service answer m and prints the reply. What is wrong inside the
// server is for whoever calls it here to know.
func (r *run) exchange(root *bus.Root, service bus.Service, m *bus.Message, bodyOnly bool) error {
	method := m.Method
	reply, err := service.Serve(root, m)
	if err != nil {
		return err
	}
	err = errors.Join(r.printReply(method, reply, bodyOnly), reply.Close())
	if err != nil || reply.Status < http.StatusBadRequest {
		return err
	}
	if reply.Status >= http.StatusInternalServerError && root.Seen.Err != nil {
		r.complain(root.Seen.Err)
	}
	return errTold
}
