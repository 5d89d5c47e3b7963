// What differs between the majors beside the import path.
package main

import "peer/pb"

const v5 = false

// v2 has no way to end its side and still receive, so it says in a word that there are no more names.
func endNames(stream pb.Greeter_HelloManyService) error {
	return stream.Send(&pb.HelloRequest{Name: "done"})
}

func endChat(stream pb.Greeter_ChatService) error {
	return stream.Close()
}
