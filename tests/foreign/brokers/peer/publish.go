package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go-micro.dev/v5/broker"
	"go-micro.dev/v5/client"
	"go-micro.dev/v5/metadata"

	"peer/pb"
)

// What go-micro's http broker still has to send when it says that it has published is gone with its process.
const linger = 2 * time.Second

// Publishes so many messages of each form as `me`, numbered from 0.
func publish(stack string, b broker.Broker, me string, wanted []string) error {
	c := clientOf(stack, client.Broker(b))
	if err := b.Connect(); err != nil {
		return err
	}
	for _, want := range wanted {
		form, rest := form(want)
		topic, number, _ := strings.Cut(rest, "=")
		count := 0
		if _, err := fmt.Sscan(number, &count); err != nil {
			return fmt.Errorf("%s: %w", want, err)
		}
		for n := 0; n < count; n++ {
			if err := publishOne(c, b, topic, form, fmt.Sprintf("%s %s %d", me, form, n)); err != nil {
				return fmt.Errorf("%s: message %d: %w", want, n, err)
			}
			time.Sleep(pace())
		}
	}
	time.Sleep(linger)
	fmt.Println("published")
	return b.Disconnect()
}

// A form is raw, or the content type of an event.
func publishOne(c client.Client, b broker.Broker, topic, form, id string) error {
	if body, ok := raw(form, id); ok {
		message := &broker.Message{Body: body}
		if form != "raw-bare" {
			message.Header = map[string]string{"id": id, "Zoë": "<&>\u2028\""}
		}
		return b.Publish(topic, message)
	}
	ctx := metadata.NewContext(context.Background(), metadata.Metadata{"X-Request-Id": id, "Tenant": "Zoë & Sons"})
	event := &pb.HelloRequest{Name: name(id)}
	return c.Publish(ctx, c.NewMessage(topic, event, client.WithMessageContentType(form)))
}

// The body of a raw message: text, every byte there is, nothing, or an event that does not say in what form it is. A bare message
// has no header.
func raw(form, id string) ([]byte, bool) {
	switch form {
	case "raw-text", "raw-bare":
		return []byte("约翰 " + id), true
	case "raw-bytes":
		body := make([]byte, 256)
		for i := range body {
			body[i] = byte(i)
		}
		return append(body, id...), true
	case "raw-hollow":
		return nil, true
	case "raw-event":
		text := name(id)
		return append([]byte{0x0a, byte(len(text))}, text...), true
	}
	return nil, false
}

// What an event says; it is no more than 127 bytes long.
func name(id string) string { return id + " 约翰 Zoë <&>\u2028\"\\" }
