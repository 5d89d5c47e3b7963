package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"go-micro.dev/v5"
	"go-micro.dev/v5/broker"
	"go-micro.dev/v5/client"
	"go-micro.dev/v5/metadata"
	"go-micro.dev/v5/server"

	"peer/pb"
)

// Prints a line for each message of each topic until SIGTERM.
func subscribe(stack string, b broker.Broker, wanted []string) error {
	options := []micro.Option{
		micro.Server(serverOf(stack, server.Name("audit"), server.Address("127.0.0.1:0"), server.Broker(b))),
		micro.Client(clientOf(stack, client.Broker(b))),
		micro.Name("audit"),
		micro.Broker(b),
	}
	var service micro.Service
	options = append(options, micro.AfterStart(func() error {
		for _, want := range wanted {
			form, rest := form(want)
			if form != "raw" {
				continue
			}
			topic, queue, _ := strings.Cut(rest, "@")
			if err := takeRaw(b, topic, queue); err != nil {
				return err
			}
		}
		fmt.Println("subscribed")
		return nil
	}))
	service = micro.NewService(options...)
	for _, want := range wanted {
		form, rest := form(want)
		topic, queue, _ := strings.Cut(rest, "@")
		if form != "event" {
			continue
		}
		handler := func(ctx context.Context, event *pb.HelloRequest) error { return took(ctx, topic, event) }
		if err := micro.RegisterSubscriber(topic, service.Server(), handler, queues(queue)...); err != nil {
			return err
		}
	}
	// Raw topics alone are no reason for the server to connect.
	if err := b.Connect(); err != nil {
		return err
	}
	return service.Run()
}

func queues(queue string) []server.SubscriberOption {
	if queue == "" {
		return nil
	}
	return []server.SubscriberOption{server.SubscriberQueue(queue)}
}

func takeRaw(b broker.Broker, topic, queue string) error {
	var options []broker.SubscribeOption
	if queue != "" {
		options = append(options, broker.Queue(queue))
	}
	_, err := b.Subscribe(topic, func(event broker.Event) error {
		message := event.Message()
		tell(map[string]interface{}{
			"raw": topic, "topic": event.Topic(), "header": message.Header,
			"body": fmt.Sprintf("%x", message.Body),
		})
		return nil
	}, options...)
	return err
}

// The handler of events; one whose name begins with `fail` is an error each time.
func took(ctx context.Context, topic string, event *pb.HelloRequest) error {
	header, _ := metadata.FromContext(ctx)
	tell(map[string]interface{}{"event": topic, "header": header, "name": event.Name})
	if strings.HasPrefix(event.Name, "fail") {
		return errors.New("as wished")
	}
	return nil
}

var told sync.Mutex

// One line of JSON.
func tell(what interface{}) {
	line, err := json.Marshal(what)
	if err != nil {
		line = []byte(err.Error())
	}
	told.Lock()
	defer told.Unlock()
	fmt.Println(string(line))
}
