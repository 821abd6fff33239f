// Package record keeps what happens in a request as a tree: its calls, the
// steps of its pipelines, and in a dry run the writes that were not made.
//
// [Start] begins a record; the context that it returns leads to it. Who does
// something worth a node asks [Begin], which does nothing but look at one flag
// of the request where nothing is recorded. A tree is bounded: the children of
// a node, the nodes and their bytes. What has no room is counted.
//
// Nodes hold what was there, secrets too, until [Node.Tree] takes these out:
// nothing leaves a record otherwise.
package record
