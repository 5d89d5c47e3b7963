package main

import (
	"fmt"

	"go-micro.dev/v5/registry"
)

// The names of all services, each a line.
func list() error {
	services, err := registry.ListServices()
	for _, service := range services {
		fmt.Println(service.Name)
	}
	return err
}

// The nodes and the endpoints of a service.
func look(name string) error {
	services, err := registry.GetService(name)
	for _, service := range services {
		tell("node", service)
		for _, endpoint := range service.Endpoints {
			stream := endpoint.Metadata["stream"]
			if stream == "" {
				stream = "false"
			}
			fmt.Printf("endpoint %s stream=%s\n", endpoint.Name, stream)
		}
	}
	return err
}

// The changes of a service as they come, until the process is ended.
func watch(name string) error {
	watcher, err := registry.Watch(registry.WatchService(name))
	if err != nil {
		return err
	}
	fmt.Println("watching")
	for {
		change, err := watcher.Next()
		if err != nil {
			return err
		}
		tell(change.Action, change.Service)
	}
}

func tell(what string, service *registry.Service) {
	for _, node := range service.Nodes {
		fmt.Printf("%s %s at %s version=%s protocol=%s\n", what, node.Id, node.Address, service.Version, node.Metadata["protocol"])
	}
}
