package main

import (
	"bytes"
	"context"
	"os"
	"text/template"
)

// Both peers are set up as for much load, and write no access log. That nginx may
// remember for a second what a file is like is its advantage: the others look each
// time. Its one process is what serves; a master beside it would do nothing.
const (
	nginxConfiguration = `daemon off;
master_process off;
pid {{.Dir}}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; multi_accept on; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000000;
	open_file_cache max=1000;
	open_file_cache_valid 1s;
	client_body_temp_path {{.Dir}}/nginx;
	proxy_temp_path {{.Dir}}/nginx;
	fastcgi_temp_path {{.Dir}}/nginx;
	uwsgi_temp_path {{.Dir}}/nginx;
	scgi_temp_path {{.Dir}}/nginx;
	types { application/json json; }
	upstream up { server {{.Upstream}}; keepalive 256; keepalive_requests 1000000000; }
	server {
		listen {{.Address}};
		location = {{.Ready}} { return 200; }
		location /static/ { root {{.Dir}}; }
		location {{.Proxy}}/ {
			proxy_pass http://up/;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Host $host;
			proxy_set_header X-Forwarded-Proto $scheme;
		}
	}
}
`
	caddyConfiguration = `{
	admin off
	auto_https off
	persist_config off
	storage file_system {{.Dir}}/caddy
	log {
		level ERROR
	}
}

http://{{.Address}} {
	respond {{.Ready}} 200
	handle /static/* {
		root * {{.Dir}}
		file_server
	}
	handle_path {{.Proxy}}/* {
		reverse_proxy {{.Upstream}} {
			transport http {
				keepalive_idle_conns_per_host 256
				compression off
			}
		}
	}
}
`
)

// launchStatic starts restspace with a mount for each task.
func (b *bench) launchStatic(ctx context.Context, upstream string) (*server, error) {
	served := &site{limits: proxyLimits(), services: []any{
		map[string]any{"name": "lib", "basePath": "/lib", "service": "lib", "readRoles": "all"},
		b.data.staticMount(),
		proxyMount(upstream),
	}}
	return b.launchers(served)[restspaceSide](ctx)
}

// nginx returns what starts it.
func (b *bench) nginx(program string) func(context.Context, string) (*server, error) {
	return func(ctx context.Context, upstream string) (*server, error) {
		address, path, err := b.peerFile("nginx.conf", nginxConfiguration, upstream)
		if err != nil {
			return nil, err
		}
		return launch(ctx, serverCore, "nginx", address, program, "-p", b.data.dir, "-e", "stderr", "-c", path)
	}
}

// caddy returns what starts it.
func (b *bench) caddy(program string) func(context.Context, string) (*server, error) {
	return func(ctx context.Context, upstream string) (*server, error) {
		address, path, err := b.peerFile("Caddyfile", caddyConfiguration, upstream)
		if err != nil {
			return nil, err
		}
		return launch(ctx, serverCore, "Caddy", address, program, "run", "--adapter", "caddyfile", "--config", path)
	}
}

// peerFile writes the configuration of a peer, and returns where that is to listen.
func (b *bench) peerFile(name, content, upstream string) (address, path string, err error) {
	if address, err = freeAddress(); err != nil {
		return "", "", err
	}
	t, err := template.New(name).Parse(content)
	if err != nil {
		return "", "", err
	}
	var file bytes.Buffer
	values := struct{ Dir, Address, Upstream, Ready, Proxy string }{b.data.dir, address, upstream, readyPath, proxyPath}
	if err := t.Execute(&file, values); err != nil {
		return "", "", err
	}
	path = b.data.path(name)
	return address, path, os.WriteFile(path, file.Bytes(), 0o600)
}
