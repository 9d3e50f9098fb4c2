import { expect, test } from '@jest/globals'
import check from '../../../src/checks/control/cni-ports.ts'
import { editJson, fixture, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { withRules } from '../../kit/firewalled.ts'
import { found } from '../../kit/found.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress, tcp } from '../../fabric/ec2/edits.ts'

const nodes = ['worker-0', 'worker-1']

interface Agent {
  readonly image?: string
  readonly labels?: Json
  readonly on?: readonly string[]
}

const withAgents = (rules: Json[], agents: readonly Agent[], processes = '') =>
  edited('hard-way-healthy', {
    rules: ingress(rules),
    pods: (pods) => {
      for (const [index, { image = 'x', labels = {}, on = nodes }] of agents.entries())
        for (const node of on)
          pods.push({
            metadata: { name: `agent-${String(index)}-${node}`, namespace: 'kube-system', labels },
            spec: { nodeName: node, hostNetwork: true, containers: [{ name: 'agent', image }] },
          })
    },
    files: processes === '' ? {} : { 'nodes/worker-0/processes.txt': (text: string) => `${text}${processes}\n` },
  })
const calico = { image: 'docker.io/calico/node:v3.29.1' }

test('nothing is said of a plain bridge', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('skipped')
})

test('Calico’s BGP between nodes, where bird runs', async () => {
  const [draft] = runCheck(
    check,
    ask(await withAgents([tcp(80, '10.240.0.0/24')], [calico], '  99 bird -R -s /var/run')),
  )
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `Security group ${ids.group} (kubernetes) keeps Calico’s BGP apart: tcp/179 from worker-0 to worker-1 is not admitted.`,
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 authorize-security-group-ingress --group-id ${ids.group} --ip-permissions 'IpProtocol=tcp,FromPort=179,ToPort=179,UserIdGroupPairs=[{GroupId=${ids.group}}]'`,
  ])
  expect(says(check, await withAgents([tcp(179, '10.240.0.0/24')], [calico], '  99 bird -R'))[0]).toBe('pass')
  // With VXLAN there is no bird, and nobody needs the port.
  expect(says(check, await withAgents([tcp(80, '10.240.0.0/24')], [calico]))[0]).toBe('skipped')
})

test.each([
  ['kube-router’s BGP', [{ image: 'docker.io/cloudnativelabs/kube-router:v2.2' }], 'tcp/179'],
  ['Weave Net’s peers', [{ image: 'docker.io/weaveworks/weave-kube:2.8.1' }], 'tcp/6783 and udp/6783'],
  ['Calico’s nodes and Typha', [calico, { image: 'docker.io/calico/typha:v3.29.1', on: ['worker-1'] }], 'tcp/5473'],
  [
    'Kube-OVN’s nodes and the OVN databases',
    [{ labels: { app: 'kube-ovn-cni' } }, { labels: { app: 'ovn-central' }, on: ['worker-1'] }],
    'tcp/6641 and tcp/6642',
  ],
  [
    'Antrea’s agents and their controller',
    [{ labels: { component: 'antrea-agent' } }, { labels: { component: 'antrea-controller' }, on: ['worker-1'] }],
    'tcp/10349',
  ],
] as const)('%s', async (name, agents, ports) => {
  const [draft] = runCheck(check, ask(await withAgents([tcp(80, '10.240.0.0/24')], agents)))
  expect(draft?.status).toBe('fail')
  expect(draft?.says).toContain(`keeps ${name} apart: ${ports} from worker-`)
  const open = { IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '10.240.0.0/16' }
  expect(says(check, await withAgents([open], agents))[0]).toBe('pass')
})

test('a firewall on a node keeps agents apart on any fabric', async () => {
  const agent = (node: string): Json => ({
    metadata: { name: `cilium-${node}`, namespace: 'kube-system' },
    spec: {
      nodeName: node,
      hostNetwork: true,
      containers: [{ name: 'agent', image: 'quay.io/cilium/cilium:v1.18.4' }],
    },
  })
  const agents = editJson((list: Json) => list.items.push(...nodes.map(agent)))
  const rules = ['-A INPUT -p tcp -m tcp --dport 4240 -j REJECT --reject-with icmp-port-unreachable']
  const shut = { 'nodes/worker-1/iptables-nft-save.txt': withRules(rules) }
  const said = async (files: Readonly<Record<string, Change>>) =>
    found(await variant('lan-healthy', { 'kubernetes/pods.json': agents, ...files }), 'control/cni-ports')
  expect(await said({})).toEqual([['pass', 'The rules of 2 nodes let Cilium’s agents speak with each other.']])
  expect(await said(shut)).toEqual([
    [
      'fail',
      'worker-1 rejects tcp/4240 from worker-0 (filter chain INPUT): Cilium’s agents cannot speak with each other.',
    ],
  ])
})

test('a policy of INPUT on the other one’s node does the same to Calico’s BGP', async () => {
  const agent = (node: string): Json => ({
    metadata: { name: `calico-node-${node}`, namespace: 'kube-system' },
    spec: {
      nodeName: node,
      hostNetwork: true,
      containers: [{ name: 'calico-node', image: 'docker.io/calico/node:v3.29.1' }],
    },
  })
  const evidence = await variant('lan-healthy', {
    'kubernetes/pods.json': editJson((list: Json) => list.items.push(...nodes.map(agent))),
    'nodes/worker-0/processes.txt': (text) => `${text}   4321 bird -R -s /var/run/calico/bird.ctl\n`,
    'nodes/worker-1/processes.txt': (text) => `${text}   4321 bird -R -s /var/run/calico/bird.ctl\n`,
    'nodes/worker-0/iptables-nft-save.txt': withRules(['-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'], {
      INPUT: 'DROP',
    }),
  })
  expect(found(evidence, 'control/cni-ports')[0]).toEqual([
    'fail',
    expect.stringMatching(/^worker-0 drops tcp\/179 from worker-1 \(filter chain INPUT, by its policy\)/),
  ])
})
