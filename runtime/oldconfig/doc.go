// Package oldconfig reads the two older forms of services.json and writes the
// present one.
//
// The first is a list:
//
//	{"services": [{"name": "notes", "basePath": "/notes", "serviceName": "jsonService",
//		"adapterName": "localFileDataAdapter", "adapterConfig": {"filePathRoot": "/notes"},
//		"readRoles": "all", "writeRoles": "E"}]}
//
// The second is a map, by mount:
//
//	{"services": {"/notes": {"name": "Notes", "source": "./services/data.rsm.json",
//		"infraName": "localStore", "adapterConfig": {"basePath": "/notes"},
//		"access": {"readRoles": "all", "writeRoles": "E"}}}}
//
// Both may also stand without the object around them. The services are read
// alike: each by the keys that it has. What has no counterpart is told, and
// what to do about it.
package oldconfig
