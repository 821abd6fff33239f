// Package services says what a service is to the configuration, and what it is
// given.
//
// A [Kind] names a sort of service and makes one for each mount; [Define] lets
// its author write plain structs for the config and the adaptors. [Routes] maps
// methods and path arguments to functions inside a service. The services
// themselves are the packages below this one, one Kind each; documents is a
// library that several of them share. They talk to one another over the bus
// and never import one another.
package services
