// What differs between the majors beside the import path.
package main

import (
	"io"

	"peer/pb"
)

const v5 = true

func endNames(stream pb.Greeter_HelloManyService) error {
	return stream.CloseSend()
}

func endChat(stream pb.Greeter_ChatService) error {
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err := stream.Recv()
	return same(err, io.EOF)
}
