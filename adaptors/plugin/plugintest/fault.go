package plugintest

// Env is the variable that makes a program the plugin: its value is one of the
// Faults of a program.
const Env = "RESTSPACE_TEST_PLUGIN"

// A Fault is what goes wrong.
type Fault string

// What may go wrong with a program.
const (
	None Fault = "none"

	Exits     Fault = "exits"     // prints why to standard error, and ends with 3
	Garbage   Fault = "garbage"   // prints something else before where it listens
	Endless   Fault = "endless"   // prints 10 MB without the end of a line
	Silent    Fault = "silent"    // never says where it listens
	Version   Fault = "version"   // speaks another version of the protocol
	TCP       Fault = "tcp"       // listens at a port
	Plain     Fault = "plain"     // has no certificate
	Nobody    Fault = "nobody"    // says where it listens, and does not
	Mute      Fault = "mute"      // takes connections, and answers nothing
	OnlyMails Fault = "onlymails" // serves a Mailer, and no Store
	Unopened  Fault = "unopened"  // can't open its adaptor
	Panics    Fault = "panics"    // panics when it opens its adaptor
	Slow      Fault = "slow"      // takes a second to start
	Loops     Fault = "loops"     // ends soon after each start
	Deaf      Fault = "deaf"      // does not end with its standard input
	Forks     Fault = "forks"     // has a child and a grandchild, which are deaf
	Sick      Fault = "sick"      // says that it does not work
	Chatty    Fault = "chatty"    // writes 100 MB/s to standard error
)

// What may go wrong with a call: names of documents, and of directories for
// List. The extension of a name does not matter.
const (
	PID Fault = "pid" // nothing: the document is the number of the process

	Crash   Fault = "crash"   // ends with 7, in the middle where there is one
	Hang    Fault = "hang"    // answers when the caller is gone
	Stop    Fault = "stop"    // stops the process (SIGSTOP)
	Late    Fault = "late"    // answers after LateBy
	Hasty   Fault = "hasty"   // answers before the body has come
	Less    Fault = "less"    // sends some of the bytes of a small body
	Huge    Fault = "huge"    // sends a message of 1 GB
	BadETag Fault = "badetag" // has an ETag that can't go into a header
	BadName Fault = "badname" // lists a name that can't be

	// In the middle of a large body:
	Dies      Fault = "dies"      // ends with 7
	Stalls    Fault = "stalls"    // waits until the caller is gone
	Cut       Fault = "cut"       // ends the stream, well
	Short     Fault = "short"     // leaves out some of the bytes
	Long      Fault = "long"      // sends some of the bytes twice
	Misplaced Fault = "misplaced" // leaves out the head before it
)
