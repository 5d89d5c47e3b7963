package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"go-micro.dev/v5/client"
	"go-micro.dev/v5/errors"
	"go-micro.dev/v5/metadata"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"peer/pb"
)

// The server under test, and how each call is addressed.
type peer struct {
	pb.GreeterService
	place []client.CallOption
}

type testCase struct {
	name string
	run  func(peer) error
}

// The names are the rows of the matrix, as in tests/bin/foreign_client/micro.rs.
var cases = []testCase{
	{"unary", unary},
	{"client stream", clientStream},
	{"server stream", serverStream},
	{"chat in lockstep", chatInLockstep},
	{"error is errors error", errorIsErrorsError},
	{"error on a stream", errorOnAStream},
	{"metadata reaches the handler", metadataReachesTheHandler},
	{"deadline reaches the handler", deadlineReachesTheHandler},
	{"deadline passes", deadlinePasses},
	{"cancel reaches the handler", cancelReachesTheHandler},
	{"message of 1 mib", messageOf1MiB},
	{"unary 200 at once", unary200AtOnce},
}

// The cases that a client in JSON is good for: v2's encodes into buffers that another call may have, and tears requests that
// leave at once.
func jsonCases() []testCase {
	var good []testCase
	for _, c := range cases {
		if v5 || c.name != "unary 200 at once" {
			good = append(good, c)
		}
	}
	return good
}

func judge(service pb.GreeterService, place []client.CallOption, cases []testCase) {
	for _, c := range cases {
		if err := c.run(peer{service, place}); err != nil {
			fmt.Printf("FAILED %s: %v\n", c.name, err)
		} else {
			fmt.Printf("ok %s\n", c.name)
		}
	}
}

func (p peer) with(options ...client.CallOption) []client.CallOption {
	return append(append([]client.CallOption{}, p.place...), options...)
}

func (p peer) ask(ctx context.Context, name string, options ...client.CallOption) (string, error) {
	reply, err := p.Hello(ctx, &pb.HelloRequest{Name: name}, p.with(options...)...)
	if err != nil {
		return "", err
	}
	return reply.Message, nil
}

func unary(p peer) error {
	return greets(p, "约翰 Zoë")
}

func clientStream(p peer) error {
	stream, err := p.HelloMany(context.Background(), p.place...)
	if err != nil {
		return err
	}
	for _, name := range []string{"Ana", "Bob", "Eve"} {
		if err := stream.Send(&pb.HelloRequest{Name: name}); err != nil {
			return err
		}
	}
	if err := endNames(stream); err != nil {
		return err
	}
	reply := new(pb.HelloReply)
	if err := stream.RecvMsg(reply); err != nil {
		return err
	}
	return same(reply.Message, "Hello, Ana and Bob and Eve!")
}

func serverStream(p peer) error {
	stream, err := p.HelloOften(context.Background(), &pb.HelloRequest{Name: "Ana"}, p.place...)
	if err != nil {
		return err
	}
	for i := 0; i < 3; i++ {
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := same(reply.Message, "Hello, Ana!"); err != nil {
			return err
		}
	}
	_, err = stream.Recv()
	return same(err, io.EOF)
}

func chatInLockstep(p peer) error {
	stream, err := p.Chat(context.Background(), p.place...)
	if err != nil {
		return err
	}
	for _, name := range []string{"Ana", "Bob", "Eve"} {
		if err := stream.Send(&pb.HelloRequest{Name: name}); err != nil {
			return err
		}
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := same(reply.Message, "Hello, "+name+"!"); err != nil {
			return err
		}
	}
	return endChat(stream)
}

const text = "no <such> user"

// An error is one of go-micro's own, with every part.
func errorIsErrorsError(p peer) error {
	for code, micro := range httpCodes {
		_, err := p.ask(context.Background(), fmt.Sprintf("fail %d %s", code, text))
		if err == nil {
			return fmt.Errorf("no error for code %d", code)
		}
		if _, ok := err.(*errors.Error); !ok {
			return fmt.Errorf("%T instead of errors.Error: %v", err, err)
		}
		if err := told(err, micro); err != nil {
			return err
		}
	}
	return greets(p, "Ana")
}

// On a stream go-micro gives gRPC's status as it is; its first detail is the error.
func errorOnAStream(p peer) error {
	often, err := p.HelloOften(context.Background(), &pb.HelloRequest{Name: "fail 5 " + text}, p.place...)
	if err != nil {
		return err
	}
	if _, err := often.Recv(); err != nil {
		return fmt.Errorf("the greeting before the error: %w", err)
	}
	if _, err = often.Recv(); err == nil {
		return fmt.Errorf("no error on a server stream")
	}
	if err := detailed(err); err != nil {
		return err
	}
	chat, err := p.Chat(context.Background(), p.place...)
	if err != nil {
		return err
	}
	if err := chat.Send(&pb.HelloRequest{Name: "fail 5 " + text}); err != nil {
		return err
	}
	if _, err = chat.Recv(); err == nil {
		return fmt.Errorf("no error on a chat")
	}
	return detailed(err)
}

func detailed(err error) error {
	ended, _ := status.FromError(err)
	if ended.Code() != codes.NotFound || len(ended.Details()) != 1 {
		return fmt.Errorf("%v with %d details", err, len(ended.Details()))
	}
	detail, ok := ended.Details()[0].(*errors.Error)
	if !ok {
		return fmt.Errorf("the detail is a %T", ended.Details()[0])
	}
	return told(detail, 404)
}

func told(err error, code int32) error {
	e := errors.Parse(err.Error())
	got := fmt.Sprintf("%s %d %s (%s)", e.Id, e.Code, e.Detail, e.Status)
	return same(got, fmt.Sprintf("greeter %d %s (%s)", code, text, http.StatusText(int(code))))
}

func metadataReachesTheHandler(p peer) error {
	ctx := metadata.NewContext(context.Background(), metadata.Metadata{"x-request-id": "7"})
	value, err := p.ask(ctx, "metadata x-request-id")
	if err != nil {
		return err
	}
	return same(value, "7")
}

func deadlineReachesTheHandler(p peer) error {
	value, err := p.ask(context.Background(), "deadline", client.WithRequestTimeout(5*time.Second))
	if err != nil {
		return err
	}
	if left, err := strconv.Atoi(value); err != nil || left < 1000 || left > 5000 {
		return fmt.Errorf("%s ms left of 5000", value)
	}
	return nil
}

func deadlinePasses(p peer) error {
	before, err := p.cancelled()
	if err != nil {
		return err
	}
	begun := time.Now()
	_, err = p.ask(context.Background(), "wait", client.WithRequestTimeout(300*time.Millisecond))
	took := time.Since(begun)
	if took < 250*time.Millisecond || took > 3*time.Second {
		return fmt.Errorf("a deadline of 300 ms took %v", took)
	}
	if err == nil {
		return fmt.Errorf("no error after the deadline")
	}
	// v2 says 500 when its own clock was first.
	if code := errors.Parse(err.Error()).Code; code != 408 && (v5 || code != 500) {
		return fmt.Errorf("code %d: %v", code, err)
	}
	return p.seesACancel(before)
}

func cancelReachesTheHandler(p peer) error {
	before, err := p.cancelled()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := p.ask(ctx, "wait")
		ended <- err
	}()
	time.Sleep(200 * time.Millisecond)
	cancel()
	if err := <-ended; err == nil {
		return fmt.Errorf("no error after the cancel")
	}
	return p.seesACancel(before)
}

func messageOf1MiB(p peer) error {
	name := strings.Repeat("x", 1<<20)
	if err := greets(p, name); err != nil {
		return err
	}
	stream, err := p.HelloOften(context.Background(), &pb.HelloRequest{Name: name}, p.place...)
	if err != nil {
		return err
	}
	for i := 0; i < 3; i++ {
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if reply.Message != greet(name) {
			return fmt.Errorf("reply %d is damaged", i)
		}
	}
	return nil
}

func unary200AtOnce(p peer) error {
	errs := make([]error, 200)
	var calls sync.WaitGroup
	for i := range errs {
		calls.Add(1)
		go func(i int) {
			defer calls.Done()
			errs[i] = greets(p, fmt.Sprint(i))
		}(i)
	}
	calls.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (p peer) cancelled() (int, error) {
	value, err := p.ask(context.Background(), "cancelled")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(value)
}

func (p peer) seesACancel(before int) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		now, err := p.cancelled()
		if err != nil {
			return err
		}
		if now > before {
			return nil
		}
	}
	return fmt.Errorf("the handler never learned that nobody waits")
}

func greets(p peer, name string) error {
	got, err := p.ask(context.Background(), name)
	if err != nil {
		return err
	}
	if got != greet(name) {
		return fmt.Errorf("a greeting of %d bytes instead of %d", len(got), len(greet(name)))
	}
	return nil
}

func same(got, want interface{}) error {
	if got != want {
		return fmt.Errorf("got %v, wanted %v", got, want)
	}
	return nil
}
