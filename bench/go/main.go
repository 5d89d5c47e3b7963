// One end of a measurement, for grpc-go: `peer server NAME` and `peer client NAME case=CASE c=N conns=N address=HOST:PORT
// server_pid=PID`, which say the same as the Rust peer's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"rmicro.dev/bench/pb"
)

const (
	warmUp   = 200 * time.Millisecond
	measure  = 800 * time.Millisecond
	deadline = time.Second
	// A bidi stream lives for the whole measurement.
	streamDeadline = time.Minute
	serverLife     = 10 * time.Minute
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) >= 2 && args[0] == "server":
		return serve()
	case len(args) >= 2 && args[0] == "client":
		settings, err := parse(args[2:])
		if err != nil {
			return err
		}
		return call(settings)
	}
	return errors.New("peer server NAME | peer client NAME case=CASE c=N conns=N address=HOST:PORT server_pid=PID")
}

type bench struct {
	pb.UnimplementedBenchServer
}

func (bench) Hello(_ context.Context, in *pb.HelloRequest) (*pb.HelloReply, error) {
	return &pb.HelloReply{Message: "Hello, " + in.Name + "!"}, nil
}

func (bench) Wide(_ context.Context, in *pb.Order) (*pb.Order, error) { return in, nil }

func (bench) Often(in *pb.OftenRequest, out grpc.ServerStreamingServer[pb.HelloReply]) error {
	for range in.Times {
		if err := out.Send(&pb.HelloReply{Message: in.Name}); err != nil {
			return err
		}
	}
	return nil
}

func (bench) Chat(stream grpc.BidiStreamingServer[pb.HelloRequest, pb.HelloReply]) error {
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.HelloReply{Message: "Hello, " + in.Name + "!"}); err != nil {
			return err
		}
	}
}

func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pb.RegisterBenchServer(server, bench{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	time.AfterFunc(serverLife, server.Stop)
	fmt.Println("listening", listener.Addr())
	return server.Serve(listener)
}

type settings struct {
	what        string
	concurrency int
	connections int
	address     string
	serverPid   int
}

func parse(pairs []string) (settings, error) {
	s := settings{concurrency: 1, connections: 1}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		number, _ := strconv.Atoi(value)
		switch name {
		case "case":
			s.what = value
		case "c":
			s.concurrency = number
		case "conns":
			s.connections = max(number, 1)
		case "address":
			s.address = value
		case "server_pid":
			s.serverPid = number
		default:
			return s, fmt.Errorf("no setting %q", name)
		}
	}
	return s, nil
}

// A turn makes one call and says how many messages came back.
type turn func() (int, error)

func call(s settings) error {
	turns := make([]turn, s.concurrency)
	clients := make([]pb.BenchClient, s.connections)
	for i := range clients {
		conn, err := grpc.NewClient("passthrough:///"+s.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		defer conn.Close()
		clients[i] = pb.NewBenchClient(conn)
	}
	for i := range turns {
		var err error
		if turns[i], err = newTurn(clients[i%len(clients)], s.what); err != nil {
			return err
		}
	}
	return drive(turns, s)
}

func newTurn(client pb.BenchClient, what string) (turn, error) {
	limited := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), deadline)
	}
	switch what {
	case "hello":
		return func() (int, error) {
			ctx, cancel := limited()
			defer cancel()
			_, err := client.Hello(ctx, &pb.HelloRequest{Name: "Ada Lovelace"})
			return 1, err
		}, nil
	case "wide":
		order := order()
		return func() (int, error) {
			ctx, cancel := limited()
			defer cancel()
			_, err := client.Wide(ctx, order)
			return 1, err
		}, nil
	case "stream":
		return func() (int, error) {
			ctx, cancel := limited()
			defer cancel()
			stream, err := client.Often(ctx, &pb.OftenRequest{Name: "Ada", Times: 1000})
			if err != nil {
				return 0, err
			}
			for count := 0; ; count++ {
				if _, err := stream.Recv(); errors.Is(err, io.EOF) {
					return count, nil
				} else if err != nil {
					return 0, err
				}
			}
		}, nil
	case "bidi":
		ctx, cancel := context.WithTimeout(context.Background(), streamDeadline)
		_ = cancel // The stream ends with the process.
		stream, err := client.Chat(ctx)
		if err != nil {
			return nil, err
		}
		return func() (int, error) {
			if err := stream.Send(&pb.HelloRequest{Name: "Ada Lovelace"}); err != nil {
				return 0, err
			}
			_, err := stream.Recv()
			return 1, err
		}, nil
	}
	return nil, fmt.Errorf("no case %q", what)
}

func order() *pb.Order {
	o := &pb.Order{
		Id: "01HF9Y4Q3N8ZV0V5J2J3W8R6TC", Created: 1764000000000000, State: pb.Order_STATE_OPEN,
		Buyer: party("Ada Lovelace", 3), Seller: party("Analytical Engines Ltd", 2),
		Labels: map[string]string{}, Counters: map[string]int64{},
	}
	for n := range uint32(86) {
		item := &pb.Item{
			Sku: fmt.Sprintf("SKU-%08d", n*7919), Title: fmt.Sprintf("Brass gear wheel with %d teeth, polished", n+20),
			Quantity: n%7 + 1, Price: float64(n)*1.25 + 0.99, Gift: n%3 == 0, Tags: []string{"brass", "gear", "polished", "engine"},
		}
		for size := range uint32(8) {
			item.Sizes = append(item.Sizes, size*n+3)
		}
		o.Items = append(o.Items, item)
	}
	for n := range 40 {
		o.Labels[fmt.Sprintf("label-%03d", n)] = fmt.Sprintf("value of label %d", n)
		o.Counters[fmt.Sprintf("counter-%03d", n)] = int64(n) * 104729
	}
	for n := range int64(400) {
		o.Readings = append(o.Readings, (n-200)*7919)
	}
	for n := range 1024 {
		o.Signature = append(o.Signature, byte(n*31%251))
	}
	return o
}

func party(name string, addresses uint32) *pb.Party {
	p := &pb.Party{Name: name, Email: "orders@analytical.example"}
	for n := range addresses {
		p.Addresses = append(p.Addresses, &pb.Address{
			Street: fmt.Sprintf("%d St James's Square", n+12), City: "London", Country: "United Kingdom", Code: 10000 + n,
			Latitude: 51.5072, Longitude: -0.1357,
		})
	}
	return p
}

// drive keeps every turn running for the measurement and prints the line.
func drive(turns []turn, s settings) error {
	var phase atomic.Int32 // 0 warms up, 1 measures, 2 is over.
	var group sync.WaitGroup
	messages, latencies, failures := make([]int, len(turns)), make([][]int64, len(turns)), make([]error, len(turns))
	for i, turn := range turns {
		group.Go(func() {
			for phase.Load() != 2 {
				begun := time.Now()
				count, err := turn()
				if err != nil {
					failures[i] = err
					return
				}
				if phase.Load() == 1 {
					messages[i] += count
					latencies[i] = append(latencies[i], int64(time.Since(begun)))
				}
			}
		})
	}
	time.Sleep(warmUp)
	client, server, begun := cpu(os.Getpid()), cpu(s.serverPid), time.Now()
	phase.Store(1)
	time.Sleep(measure)
	phase.Store(2)
	client, server, took := cpu(os.Getpid())-client, cpu(s.serverPid)-server, time.Since(begun)
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	all, total := slices.Sorted(slices.Values(slices.Concat(latencies...))), 0
	for _, count := range messages {
		total += count
	}
	fmt.Printf("messages=%d seconds=%f p50_ns=%d p99_ns=%d client_ns=%d server_ns=%d client_kib=%d server_kib=%d\n", total,
		took.Seconds(), quantile(all, 0.5), quantile(all, 0.99), client, server, memory(os.Getpid()), memory(s.serverPid))
	return nil
}

func quantile(sorted []int64, share float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(math.Ceil(share*float64(len(sorted)))), len(sorted))-1]
}

// cpu is the time in nanoseconds that the threads of a process have run.
func cpu(pid int) int64 {
	var total int64
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		first, _, _ := strings.Cut(string(text), " ")
		nanos, _ := strconv.ParseInt(first, 10, 64)
		total += nanos
	}
	return total
}

func memory(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib
		}
	}
	return 0
}
