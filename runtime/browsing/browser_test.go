package browsing

import (
	"context"
	"iter"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long all that a test does with a browser may take.
const patience = 2 * time.Minute

// browser is a tab of a Chromium of its own, with scripts switched off.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex
	said  []string // in its console
	asked []string // method and URL of each request
}

// openBrowser starts one. It is closed at the end of the test.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("NOT TESTED: the pages, since there is no chromium: make testdeps installs it")
	}
	b := &browser{t: t}
	ctx, cancel := context.WithTimeout(context.Background(), patience) // t.Context ends before what is cleaned up
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Env("TMPDIR="+t.TempDir()))
	t.Cleanup(cancel)
	b.ctx, _ = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() { assert.NoError(t, chromedp.Cancel(b.ctx)) }) // which waits for its end
	require.NoError(t, chromedp.Listen(b.ctx, b.listen))
	call(b, accessibility.Enable, cdp.Empty{})
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return b
}

// listen keeps what the browser tells.
func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Source != cdplog.EntrySourceRendering { // where a test is faster than autofocus
			b.said = append(b.said, string(e.Entry.Source)+": "+e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.Method+" "+e.Request.URL)
	}
}

// call has the browser do something.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
	return result
}

func (b *browser) do(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, action))
}

// load does what leads to a page, and waits until it is there.
func (b *browser) load(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	response, err := chromedp.RunResponse(b.ctx, action)
	require.NoError(b.t, err)
	assert.EqualValues(b.t, 200, response.Status, response.URL)
}

// visit opens a page.
func (b *browser) visit(url string) {
	b.t.Helper()
	b.load(chromedp.Navigate(url))
}

// requests returns those that begin so, such as "POST ".
func (b *browser) requests(beginning string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.asked), func(request string) bool { return !strings.HasPrefix(request, beginning) })
}

// console returns what was said there.
func (b *browser) console() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

// back goes back to the page before this one.
func (b *browser) back() {
	b.t.Helper()
	history := call(b, page.GetNavigationHistory, cdp.Empty{})
	before := page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID}
	_, err := chromedp.Run(b.ctx, chromedp.WaitEvent(page.FrameNavigated, nil, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.NavigateToHistoryEntry, before)
		return err
	})))
	require.NoError(b.t, err)
}

// at returns the path and the query of the page.
func (b *browser) at() string {
	b.t.Helper()
	history := call(b, page.GetNavigationHistory, cdp.Empty{})
	u, err := url.Parse(history.Entries[history.CurrentIndex].URL)
	require.NoError(b.t, err)
	return u.RequestURI()
}

// outline returns what somebody is told who does not see the page: a line for
// each thing in it, with its role and its name.
func (b *browser) outline() string {
	b.t.Helper()
	var lines []string
	for node := range b.nodes() {
		if line := lineOf(node); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// shows waits until the outline of the page is this one: it has the focus where
// it is to be a moment after it was loaded.
func (b *browser) shows(outline string) {
	b.t.Helper()
	is := b.outline()
	for end := time.Now().Add(10 * time.Second); is != outline && time.Now().Before(end); is = b.outline() {
		time.Sleep(20 * time.Millisecond)
	}
	assert.Equal(b.t, outline, is)
}

// nodes returns what the accessibility tree tells, in the order of the page. The
// text of a thing whose name it is comes with that.
func (b *browser) nodes() iter.Seq[*accessibility.Node] {
	b.t.Helper()
	all := call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes
	byID := make(map[accessibility.NodeID]*accessibility.Node)
	for _, node := range all {
		byID[node.NodeID] = node
	}
	return func(yield func(*accessibility.Node) bool) {
		var walk func(*accessibility.Node) bool
		walk = func(node *accessibility.Node) bool {
			if !node.Ignored && !yield(node) {
				return false
			}
			if slices.Contains([]string{"heading", "button", "link", "LabelText", "textbox"}, text(node.Role)) {
				return true
			}
			for _, id := range node.ChildIDs {
				if !walk(byID[id]) {
					return false
				}
			}
			return true
		}
		walk(all[0])
	}
}

// lineOf returns the line of an outline for a node; "" for those that say
// nothing of their own.
func lineOf(node *accessibility.Node) string {
	line := text(node.Name)
	switch role := text(node.Role); role {
	case "alert", "status":
		return role + ":"
	case "StaticText":
		return "  " + line
	case "RootWebArea":
		return "page " + line
	case "heading", "textbox", "button", "link":
		line = role + " " + line
	default:
		return ""
	}
	for _, p := range node.Properties {
		if (p.Name == "focused" || p.Name == "required" || p.Name == "readonly") && text(p.Value) == "true" {
			line += ", " + string(p.Name)
		}
	}
	if value := text(node.Value); value != "" {
		line += " = " + value
	}
	if description := text(node.Description); description != "" {
		line += " (" + description + ")"
	}
	return line
}

func text(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	return strings.Trim(string(v.Value), `"`)
}

// find returns the one thing of the page with a role and a name.
func (b *browser) find(role, name string) cdp.BackendNodeID {
	b.t.Helper()
	var found []cdp.BackendNodeID
	for node := range b.nodes() {
		if text(node.Role) == role && text(node.Name) == name {
			found = append(found, node.BackendDOMNodeID)
		}
	}
	require.Len(b.t, found, 1, "%s %q", role, name)
	return found[0]
}

// fill types into a field.
func (b *browser) fill(label, value string) {
	b.t.Helper()
	call(b, dom.Focus, dom.FocusParams{BackendNodeID: b.find("textbox", label)})
	b.press(value)
}

// press presses keys.
func (b *browser) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// click clicks at something that leads to a page.
func (b *browser) click(role, name string) {
	b.t.Helper()
	id := b.find(role, name)
	call(b, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: id})
	corners := call(b, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: id}).Quads[0]
	b.load(chromedp.MouseClickXY((corners[0]+corners[4])/2, (corners[1]+corners[5])/2))
}
