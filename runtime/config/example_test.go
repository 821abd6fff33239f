package config_test

import (
	"fmt"

	"github.com/seed90475182/restspace/runtime/config"
)

func ExampleFormat() {
	text := `{"services":[
    // small steps
    {"name":"lib", "basePath":"/lib",
     "service":"lib", "readRoles":"all"} ,
]}`
	formatted, err := config.Format("services.json", []byte(text))
	fmt.Printf("%s%v\n", formatted, err)
	// Output:
	// {
	//   "services": [
	//     // small steps
	//     {
	//       "name": "lib", "basePath": "/lib",
	//       "service": "lib", "readRoles": "all"
	//     },
	//   ]
	// }
	// <nil>
}
