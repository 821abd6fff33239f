package oldconfig

import (
	"cmp"
	"path"
	"regexp"
	"strings"

	"github.com/tailscale/hujson"
)

// adapter carries over where the service keeps its data, or what it calls.
func (s *service) adapter() {
	from := s.keys
	if store := s.take("store"); store != nil { // of Kinds that keep definitions
		from = s.members("store", store)
	}
	name := from.take("adapterName", "adapterSource", "infraName")
	settings := &keys{}
	if v := from.take("adapterConfig", "adapter", "proxyAdapterConfig"); v != nil {
		settings = s.members("adapterConfig", v)
	}
	switch {
	case s.kind.name == "proxy":
		s.proxied(settings)
	case s.kind.keeps, name != nil:
		s.store(name, settings)
	}
	s.dropped("adapterConfig.", settings)
	if from != s.keys {
		from.take("extension") // names of documents have theirs
		s.dropped("store.", from)
	}
}

// proxied carries over where a proxy leads to.
func (s *service) proxied(settings *keys) {
	url := settings.take("urlPattern")
	if url == nil {
		url = s.take("urlPattern")
	}
	if url == nil {
		s.note(s.at, "%s: where it leads to is not said here: write its url", s.title)
		return
	}
	s.block.line(pair("url", *url))
}

// store writes the adaptor for what an old one kept.
func (s *service) store(name *hujson.Value, settings *keys) {
	old := textOf(name)
	kept := cmp.Or(textOf(settings.take("filePathRoot", "basePath", "rootPath")), s.mount)
	if dataset := textOf(s.take("datasetName")); dataset != "" {
		kept = path.Join("/", kept, dataset)
	}
	switch kind := stem(old, "adapter"); {
	case strings.HasPrefix(kind, "s3"):
		s.bucket(kept, settings)
		return
	case strings.HasPrefix(kind, "memory"):
		s.block.line(pair("adaptor", text("memory")))
		return
	case old == "":
		s.note(s.at, "%s names no adapter: the adaptor file takes its place", s.title)
	case !strings.HasPrefix(kind, "local"):
		s.note(name, "%s: no adaptor does what %s did: file takes its place", s.title, old)
	}
	root := path.Join("data", flat(kept))
	s.block.line(pair("adaptor", text("file")), pair("adaptorConfig", object(pair("root", text(root)))))
	if other, ok := s.roots[root]; ok {
		s.note(s.at, "%s keeps its data where %s does, %s: one directory serves one service, so write another root", s.title, other, root)
		return
	}
	s.roots[root] = s.title
	s.note(s.at, "%s: copy what was kept in %s to %s, or write another root", s.title, kept, root)
}

// bucket writes the adaptor for what is kept in S3.
func (s *service) bucket(kept string, settings *keys) {
	var config []member
	for _, key := range []struct{ old, now string }{{"bucketName", "bucket"}, {"region", "region"}, {"endpoint", "endpoint"}} {
		if v := settings.take(key.old); v != nil {
			config = append(config, pair(key.now, *v))
		}
	}
	config = append(config, pair("prefix", text(strings.Trim(kept, "/"))))
	s.block.line(pair("adaptor", text("s3")), pair("adaptorConfig", object(config...)))
	if config[0].Name.Value.(hujson.Literal).String() != "bucket" {
		s.note(s.at, "%s: the bucket is not said here: write it into adaptorConfig", s.title)
	}
}

// flat makes one name of a directory of one of several: stores may not be
// inside one another.
func flat(kept string) string {
	unfit := regexp.MustCompile(`[^A-Za-z0-9._-]+`)
	return cmp.Or(strings.Trim(unfit.ReplaceAllString(kept, "-"), "-."), "root")
}
