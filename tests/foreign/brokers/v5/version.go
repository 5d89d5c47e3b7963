// What differs between the majors beside the import path.
package main

import (
	"go-micro.dev/v5/broker"
	"go-micro.dev/v5/broker/nats"
	"go-micro.dev/v5/client"
	grpcclient "go-micro.dev/v5/client/grpc"
	"go-micro.dev/v5/server"
	grpcserver "go-micro.dev/v5/server/grpc"
)

func httpBroker(options ...broker.Option) broker.Broker { return broker.NewHttpBroker(options...) }
func natsBroker(options ...broker.Option) broker.Broker { return nats.NewNatsBroker(options...) }

func clientOf(stack string, options ...client.Option) client.Client {
	if stack == "grpc" {
		return grpcclient.NewClient(options...)
	}
	return client.NewClient(options...)
}

func serverOf(stack string, options ...server.Option) server.Server {
	if stack == "grpc" {
		return grpcserver.NewServer(options...)
	}
	return server.NewServer(options...)
}
