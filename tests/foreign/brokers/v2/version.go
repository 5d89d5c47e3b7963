// What differs between the majors beside the import path.
package main

import (
	"github.com/micro/go-micro/v2/broker"
	"github.com/micro/go-micro/v2/broker/nats"
	"github.com/micro/go-micro/v2/client"
	grpcclient "github.com/micro/go-micro/v2/client/grpc"
	"github.com/micro/go-micro/v2/server"
	grpcserver "github.com/micro/go-micro/v2/server/grpc"
)

func httpBroker(options ...broker.Option) broker.Broker { return broker.NewBroker(options...) }
func natsBroker(options ...broker.Option) broker.Broker { return nats.NewBroker(options...) }

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
