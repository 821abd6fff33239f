// Package plugintest is a plugin that goes wrong, each time in the way that is
// asked for: for tests of what runs plugins. A test binary becomes it.
//
//	func TestMain(m *testing.M) {
//		plugintest.Main()
//		os.Exit(m.Run())
//	}
//
// The variable [Env] of its environment says what goes wrong with the program as
// a whole. What goes wrong with a call is said by the name of the document: see
// [Fault]. It is a store in memory otherwise.
package plugintest
