// Command kube-controller-manager is the unchanged one: it makes EndpointSlices, ReplicaSets, taints and tokens for the lab's cluster.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	os.Exit(cli.Run(app.NewControllerManagerCommand()))
}
