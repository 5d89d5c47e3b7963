package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go-micro.dev/v5/errors"
	"go-micro.dev/v5/metadata"

	"peer/pb"
)

// The HTTP codes of go-micro's errors, by the codes of gRPC that they become.
var httpCodes = map[int]int32{
	3: 400, 4: 408, 5: 404, 6: 409, 7: 403, 9: 412, 12: 501, 13: 500, 14: 503, 16: 401,
}

type greeter struct {
	cancelled int64
}

func (g *greeter) Hello(ctx context.Context, request *pb.HelloRequest, reply *pb.HelloReply) (err error) {
	reply.Message, err = g.answer(ctx, request.Name)
	return err
}

func (g *greeter) HelloMany(ctx context.Context, stream pb.Greeter_HelloManyStream) error {
	var names []string
	for {
		request, err := stream.Recv()
		if err == io.EOF || err == nil && request.Name == "done" {
			break
		}
		if err != nil {
			return err
		}
		names = append(names, request.Name)
	}
	return stream.SendMsg(&pb.HelloReply{Message: greet(strings.Join(names, " and "))})
}

func (g *greeter) HelloOften(ctx context.Context, request *pb.HelloRequest, stream pb.Greeter_HelloOftenStream) error {
	if !isOrder(request.Name) {
		for i := 0; i < 3; i++ {
			if err := stream.Send(&pb.HelloReply{Message: greet(request.Name)}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := stream.Send(&pb.HelloReply{Message: greet("first")}); err != nil {
		return err
	}
	return g.send(ctx, request.Name, stream.Send)
}

func (g *greeter) Chat(ctx context.Context, stream pb.Greeter_ChatStream) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := g.send(ctx, request.Name, stream.Send); err != nil {
			return err
		}
	}
}

func (g *greeter) send(ctx context.Context, name string, send func(*pb.HelloReply) error) error {
	message, err := g.answer(ctx, name)
	if err != nil {
		return err
	}
	return send(&pb.HelloReply{Message: message})
}

func isOrder(name string) bool {
	word, _ := split(name)
	switch word {
	case "fail", "sleep", "wait", "cancelled", "deadline", "metadata", "size":
		return true
	}
	return false
}

func (g *greeter) answer(ctx context.Context, name string) (string, error) {
	word, rest := split(name)
	switch word {
	case "fail":
		number, text := split(rest)
		code, _ := strconv.Atoi(number)
		return "", errors.New("greeter", text, httpCodes[code])
	case "sleep":
		milliseconds, _ := strconv.Atoi(rest)
		time.Sleep(time.Duration(milliseconds) * time.Millisecond)
		return greet(name), nil
	case "wait":
		<-ctx.Done()
		atomic.AddInt64(&g.cancelled, 1)
		return "", ctx.Err()
	case "cancelled":
		return fmt.Sprint(atomic.LoadInt64(&g.cancelled)), nil
	case "deadline":
		if end, ok := ctx.Deadline(); ok {
			return fmt.Sprint(time.Until(end).Milliseconds()), nil
		}
		return "none", nil
	case "metadata":
		value, _ := metadata.Get(ctx, rest)
		return value, nil
	case "size":
		bytes, _ := strconv.Atoi(rest)
		return strings.Repeat("x", bytes), nil
	}
	return greet(name), nil
}

func greet(name string) string { return "Hello, " + name + "!" }

func split(text string) (string, string) {
	word, rest, _ := strings.Cut(text, " ")
	return word, rest
}
