package browsing

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

const (
	oldPassword = "ansible pinwheel"
	newPassword = "correct horse battery"
)

// start opens a browser, and serves what it looks at. At the end of the test all
// that the browser asked for was of that server, and it had nothing to complain
// of.
func start(t *testing.T) (*server, *browser) {
	t.Helper()
	b := openBrowser(t)
	s := serve(t)
	t.Cleanup(func() {
		assert.Empty(t, b.console(), "nothing is against the policy of a page")
		assert.ElementsMatch(t, append(b.requests("GET "+s.url+"/"), b.requests("POST "+s.url+"/auth/")...), b.requests(""), "nothing comes from elsewhere")
	})
	return s, b
}

// signIn fills in the form.
func signIn(b *browser, password string) {
	b.t.Helper()
	b.fill("Email", "Ann@example.com")
	b.fill("Password", password)
	b.click("button", "Sign in")
}

const signInForm = `page Sign in
heading Sign in
textbox Email, focused, required
textbox Password, required
button Sign in
link Forgotten your password?`

// saying returns an outline with a message in front of its form, which the field
// with the focus tells too.
func saying(role, says, outline string) string {
	lines := strings.SplitN(outline, "\n", 3)
	if role == "alert" {
		lines[0] = strings.Replace(lines[0], "page ", "page Error: ", 1)
	}
	form := strings.Replace(lines[2], "focused, required", "focused, required ("+says+")", 1)
	form = strings.Replace(form, ") (", " ", 1) // of a field with a description
	return strings.Join([]string{lines[0], lines[1], role + ":", "  " + says, form}, "\n")
}

func TestSigningInAndOut(t *testing.T) {
	s, b := start(t)
	b.visit(s.url + "/auth/login")
	b.shows(signInForm)

	signIn(b, "wrong")
	b.shows(saying("alert", "The email or the password is wrong.", signInForm))
	b.do(chromedp.Reload())
	b.shows(saying("alert", "The email or the password is wrong.", signInForm))
	assert.Len(t, b.requests("POST "), 1, "a page that is loaded again sends nothing")

	b.press("ann@example.com" + kb.Tab + oldPassword) // where the focus is
	b.load(chromedp.KeyEvent(kb.Enter))
	assert.Equal(t, "/auth/login?result=succeed", b.at())
	signedIn := `page You are signed in
heading You are signed in
  Email
  ann@example.com
  Roles
  U, E
button Sign out`
	b.shows(signedIn)
	b.back()
	b.shows(signedIn)
	assert.Len(t, b.requests("POST "), 2, "nor does one that is gone back to")

	b.click("button", "Sign out")
	b.shows(saying("status", "You are signed out.", signInForm))
	b.back()
	b.shows(saying("alert", "The email or the password is wrong.", signInForm)) // who was signed in is not told
}

func TestWhereToGo(t *testing.T) {
	s, b := start(t)
	b.visit(s.url + "/auth/login?redirect=/")
	signIn(b, "wrong")
	signIn(b, oldPassword)
	assert.Equal(t, "/", b.at())
	b.shows("page The shop\nheading The shop") // and no script ran

	b.visit(s.url + "/auth/login?redirect=/")
	b.click("link", "Go on")
	assert.Equal(t, "/", b.at())
}

func TestWaiting(t *testing.T) {
	s, b := start(t)
	s.failLogins(t, "ann@example.com")
	b.visit(s.url + "/auth/login")
	signIn(b, oldPassword)
	assert.Regexp(t, `alert:\n  Too many tries have failed. Wait \d+ seconds, then try again.\n`, b.outline())
}

func TestANewPassword(t *testing.T) {
	s, b := start(t)
	b.visit(s.url + "/auth/login")
	b.click("link", "Forgotten your password?")
	b.shows(`page A new password
heading A new password
  You get a mail with a link to a page where you set a new one.
textbox Email, focused, required
button Send the mail
link Sign in`)
	b.fill("Email", "ann@example.com")
	b.click("button", "Send the mail")
	b.shows(`page A new password
heading A new password
status:
  If there is a user with this address, a mail is on its way. Its link holds for 30 minutes.
link Sign in`)

	link := s.link(t, 1)
	b.visit(link)
	form := `page A new password
heading A new password
textbox Email, readonly = ann@example.com
textbox New password, focused, required (At least 10 characters. Take three words, say, that have nothing to do with each other.)
  At least 10 characters. Take three words, say, that have nothing to do with each other.
textbox The same again, required
button Set the password
link Ask for another mail`
	b.shows(form)
	set := func(password, again string) {
		b.fill("New password", password)
		b.fill("The same again", again)
		b.click("button", "Set the password")
	}
	set("password123", "password123")
	b.shows(saying("alert", "This password is too short, or too easy to guess.", form))
	set(newPassword, oldPassword)
	b.shows(saying("alert", "The two passwords differ.", form))
	set(newPassword, newPassword)
	b.shows(saying("status", "Your password is changed. Sign in with the new one.", signInForm))

	signIn(b, oldPassword)
	b.shows(saying("alert", "The email or the password is wrong.", signInForm))
	signIn(b, newPassword)
	assert.Contains(t, b.outline(), "heading You are signed in\n")

	b.visit(link)
	set(newPassword+"!", newPassword+"!")
	b.shows(`page Error: A new password
heading A new password
alert:
  The link has been used, or is too old: ask for another mail.
link Ask for another mail`)
}

func TestNarrowWindow(t *testing.T) {
	s, b := start(t)
	const width = 320 // CSS pixels, as WCAG 2.2 section 1.4.10 has it
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 256, DeviceScaleFactor: 1})
	long := strings.Repeat("a", 200) + "@example.com"
	for _, path := range []string{"login?result=fail", "reset-password?result=sent", "reset-password", "new-password?token=x&email=" + long} {
		b.visit(s.url + "/auth/" + path)
		assert.EqualValues(t, width, call(b, page.GetLayoutMetrics, cdp.Empty{}).CSSContentSize.Width, "%s needs no bar to scroll sideways", path)
	}
}

// The tests above see what is against the policy of a page.
func TestConsole(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	b.visit(s.url + "/strict.html")
	assert.Len(t, b.console(), 1)
	assert.Contains(t, strings.Join(b.console(), " "), "violates the following Content Security Policy")
}
