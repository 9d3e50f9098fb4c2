package iptables

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	utiliptables "k8s.io/kubernetes/pkg/util/iptables"
	iptablestest "k8s.io/kubernetes/pkg/util/iptables/testing"
)

// Stands in for the function that kube-proxy's tests hand their rules and packets to: writes both down, one JSON object a line.
func runPacketFlowTests[Line any](t *testing.T, _ Line, ipt *iptablestest.FakeIPTables, _ []string, testCases []packetFlowTest) {
	rules := bytes.NewBuffer(nil)
	for _, table := range []utiliptables.Table{utiliptables.TableFilter, utiliptables.TableNAT} {
		if err := ipt.SaveInto(table, rules); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.OpenFile(os.Getenv("FLOWS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	flows := []map[string]any{}
	for _, tc := range testCases {
		flows = append(flows, map[string]any{"name": tc.name, "source": tc.sourceIP, "protocol": tc.protocol, "destination": tc.destIP, "port": tc.destPort, "output": tc.output, "masquerade": tc.masq})
	}
	if err := json.NewEncoder(file).Encode(map[string]any{"mode": "iptables", "test": t.Name(), "ipv6": ipt.IsIPv6(), "rules": rules.String(), "flows": flows}); err != nil {
		t.Fatal(err)
	}
}
