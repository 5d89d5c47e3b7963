// A go-micro program over gRPC: a server that takes orders (tests/foreign/README.md), a client that judges such a
// server, and what the registry says.
//
// It is written for v5; for v2 the build replaces the import path, and nothing else.
package main

import (
	"fmt"
	"log"
	"os"

	"go-micro.dev/v5"
	"go-micro.dev/v5/client"
	grpcclient "go-micro.dev/v5/client/grpc"
	"go-micro.dev/v5/server"
	grpcserver "go-micro.dev/v5/server/grpc"

	"peer/pb"
)

const usage = "peer serve, judge mdns|HOST:PORT, judge-json mdns|HOST:PORT, list, look NAME, watch NAME"

func main() {
	verb, object := argument(1), argument(2)
	var err error
	switch verb {
	case "serve":
		err = serve()
	case "judge":
		judge(caller(""), place(object), cases)
	case "judge-json":
		judge(caller("application/grpc+json"), place(object), jsonCases())
	case "list":
		err = list()
	case "look":
		err = look(object)
	case "watch":
		err = watch(object)
	default:
		err = fmt.Errorf("usage: %s", usage)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func argument(number int) string {
	if number < len(os.Args) {
		return os.Args[number]
	}
	return ""
}

// Without Init, so that the arguments are ours; the server gets its name itself, since v5 names only its default one.
func serve() error {
	service := micro.NewService(
		micro.Server(grpcserver.NewServer(server.Name("greeter"), server.Address("127.0.0.1:0"))),
		micro.Client(grpcclient.NewClient()),
		micro.Name("greeter"),
	)
	if err := pb.RegisterGreeterHandler(service.Server(), &greeter{}); err != nil {
		return err
	}
	return service.Run()
}

// A client whose calls are of contentType, or of its default one.
func caller(contentType string) pb.GreeterService {
	caller := grpcclient.NewClient()
	if contentType != "" {
		caller.Init(client.ContentType(contentType))
	}
	return pb.NewGreeterService("greeter", caller)
}

// How each call is addressed: by nothing more than the name, or past the registry.
func place(object string) []client.CallOption {
	options := []client.CallOption{client.WithRetries(0)}
	if object != "mdns" {
		options = append(options, client.WithAddress(object))
	}
	return options
}
