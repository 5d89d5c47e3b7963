package main

import (
	"time"

	"go-micro.dev/v5/registry"
)

// mDNS, which go-micro asks once and for 100 ms; on a busy machine that finds less than there is, and its http broker keeps
// what it found for a minute. This asks until so many nodes have answered, for 10 s at most.
type patientRegistry struct {
	registry.Registry
	nodes int
}

func patient(nodes int) registry.Registry {
	return &patientRegistry{Registry: registry.DefaultRegistry, nodes: nodes}
}

func (p *patientRegistry) GetService(name string, options ...registry.GetOption) ([]*registry.Service, error) {
	end := time.Now().Add(10 * time.Second)
	for {
		services, err := p.Registry.GetService(name, options...)
		nodes := 0
		for _, service := range services {
			nodes += len(service.Nodes)
		}
		if err != nil || nodes >= p.nodes || time.Now().After(end) {
			return services, err
		}
	}
}
