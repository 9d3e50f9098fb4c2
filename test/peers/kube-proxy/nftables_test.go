package nftables

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/knftables"
)

// Stands in for the function that kube-proxy's tests hand their rules and packets to: writes both down, one JSON object a line.
func runPacketFlowTests[Line any](t *testing.T, _ Line, nft *knftables.Fake, _ []string, testCases []packetFlowTest) {
	file, err := os.OpenFile(os.Getenv("FLOWS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	flows := []map[string]any{}
	for _, tc := range testCases {
		flows = append(flows, map[string]any{"name": tc.name, "source": tc.sourceIP, "protocol": tc.protocol, "destination": tc.destIP, "port": tc.destPort, "output": tc.output, "masquerade": tc.masq})
	}
	rules := nft.Dump()
	if err := json.NewEncoder(file).Encode(map[string]any{"mode": "nftables", "test": t.Name(), "ipv6": strings.Contains(rules, "add table ip6 "), "rules": rules, "flows": flows}); err != nil {
		t.Fatal(err)
	}
}
