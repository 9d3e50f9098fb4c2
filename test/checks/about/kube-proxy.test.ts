import { expect, test } from '@jest/globals'
import { journalOf, restartOn } from '../../../src/checks/about/kube-proxy.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'

const node = 'controller-0'
const lines = (evidence: Evidence) =>
  [...(restartOn(evidence, node, '').commands ?? []), journalOf(evidence, node)].map((one) =>
    typeof one === 'string' ? one : 'line' in one ? one.line : one.refused,
  )

/** The recording with other processes, and a pod of kube-proxy on the node. */
const running = (process: string, owner?: string) =>
  variant('lan-healthy', {
    [`nodes/${node}/processes.txt`]: process,
    'kubernetes/pods.json': editJson((list: Json) => {
      if (owner === undefined) return
      list.items.push({
        metadata: {
          ...{ name: 'kube-proxy-x7k2p', namespace: 'kube-system' },
          ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: 'kube-proxy', controller: true }],
        },
        spec: { nodeName: node, containers: [{ name: 'kube-proxy', image: 'registry.k8s.io/kube-proxy:v1.34.1' }] },
        status: { phase: 'Running' },
      })
    }),
  })

test.each<[string, string, string | undefined, readonly [string, string]]>([
  [
    'a service of the node',
    ' 1557 /usr/local/bin/kube-proxy --config=/var/lib/kube-proxy/kube-proxy-config.yaml',
    undefined,
    ['ssh controller-0 sudo systemctl restart kube-proxy', 'sudo journalctl -u kube-proxy'],
  ],
  [
    'a server of k3s',
    '  598 /usr/local/bin/k3s server',
    undefined,
    ['ssh controller-0 sudo systemctl restart k3s', 'sudo journalctl -u k3s '],
  ],
  [
    'an agent of k3s',
    '  598 /usr/local/bin/k3s agent',
    undefined,
    ['ssh controller-0 sudo systemctl restart k3s-agent', 'sudo journalctl -u k3s-agent'],
  ],
  [
    'microk8s',
    '  598 /snap/microk8s/7000/kubelite --scheduler-args-file=/var/snap/microk8s/7000/args/kube-scheduler',
    undefined,
    ['ssh controller-0 sudo systemctl restart snap.microk8s.daemon-kubelite', '-u snap.microk8s.daemon-kubelite'],
  ],
  [
    'a pod of kubeadm’s DaemonSet',
    ' 1557 /usr/local/bin/kube-proxy --config=/var/lib/kube-proxy/config.conf',
    'DaemonSet',
    ['kubectl -n kube-system delete pod kube-proxy-x7k2p', 'kubectl -n kube-system logs kube-proxy-x7k2p --tail=50'],
  ],
  [
    'a static pod, which would not go away',
    ' 1557 /usr/local/bin/kube-proxy',
    'Node',
    ['ssh controller-0 sudo systemctl restart kube-proxy', 'sudo journalctl -u kube-proxy'],
  ],
])('kube-proxy is restarted where it runs: %s', async (_, process, owner, [restart, log]) => {
  const [first, second] = lines(await running(process, owner))
  expect(first).toBe(restart)
  expect(second).toContain(log)
})
