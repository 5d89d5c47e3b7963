// A go-micro program that publishes and subscribes, over a broker and by a stack that it is told.
//
// It is written for v5; for v2 the build replaces the import path, and nothing else. tests/bin/broker_peer is the same
// program on our side, and tests/foreign/brokers/README.md says what they take and print.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"go-micro.dev/v5/broker"
)

const usage = `peer subscribe grpc|mucp BROKER FORM:TOPIC[@QUEUE]…
peer publish grpc|mucp BROKER NAME WAIT-FOR FORM:TOPIC=COUNT…`

func main() {
	if len(os.Args) < 4 {
		log.Fatal(usage)
	}
	verb, stack, at, rest := os.Args[1], os.Args[2], os.Args[3], os.Args[4:]
	var err error
	switch {
	case verb == "subscribe":
		err = subscribe(stack, brokerAt(at, 0), rest)
	case verb == "publish" && len(rest) > 2:
		var nodes int
		if nodes, err = strconv.Atoi(rest[1]); err == nil {
			err = publish(stack, brokerAt(at, nodes), rest[0], rest[2:])
		}
	default:
		err = fmt.Errorf("usage:\n%s", usage)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// The broker that is called `http` or `nats://HOST:PORT`; the former finds so many nodes before it publishes.
func brokerAt(at string, nodes int) broker.Broker {
	if at == "http" {
		return httpBroker(broker.Registry(patient(nodes)))
	}
	return natsBroker(broker.Addrs(at))
}

// Cuts `FORM:REST`.
func form(argument string) (string, string) {
	form, rest, _ := strings.Cut(argument, ":")
	return form, rest
}

// How long each message waits for the one before it, so that go-micro's inbox of 64 never overflows.
func pace() time.Duration {
	if milliseconds, err := strconv.Atoi(os.Getenv("PACE")); err == nil {
		return time.Duration(milliseconds) * time.Millisecond
	}
	return 5 * time.Millisecond
}
