// Package pipeline is the service that makes calls one after another, or beside
// each other, and hands the reply of each on as the request of the next.
//
//	pipeline = [ option* mode? element* ]          a JSON array
//	option   = "concurrency <n>" | "trace"         first, of the outermost only
//	mode     = ("serial"|"parallel"|"conditional"|"tee"|"teeWait") [fail [succeed]]
//	fail, succeed = "stop" | "next" | "end"
//	element  = step (string) | transform (object) | pipeline (array) | splitter | joiner | mode
//	splitter = "jsonSplit" | "unzip"
//	joiner   = "jsonObject" | "jsonArray" | "zip" | "multipart"
//	step     = ["try"] ["if (" expr ")"] [request] [" :" name]    at least one part
//
// A request is what package requestspec reads; an expression is one of package
// expr.
//
// # How it works
//
// The parser makes a tree: a level for each array, which is a list of stages. A
// stage is what follows one mode, or a joiner. The checker looks at the tree
// once, together with the mounts of the server.
//
// The executor has a flow go through the stages of a level: one message, or
// those of a fan-out, which are made as they are asked for and come out in
// their order. A joiner makes one message of a flow again. An element reads as
// the grammar does: it takes a message and gives a flow.
//
// What fans out does so in its function each, which is the only one that starts
// goroutines, beside tee: it waits for all of them, or hands the wait over to
// the end of the run.
package pipeline
