import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import {
  bpfLb,
  calicoNat,
  ciliumStatus,
  onEachNode,
  notReplacing,
  onWorker0,
  onWorker1,
  serviceList,
} from '../kit/ebpf.ts'
import { replacementOn } from '../../src/node/replacements.ts'
import { editJson, variant, type Change, type Json } from '../kit/fixtures.ts'

const lb = (...of: Parameters<typeof bpfLb>) => onEachNode('cilium-bpf-lb-list.json', bpfLb(...of))
const agent = (...of: Parameters<typeof serviceList>) => onEachNode('cilium-service-list.json', serviceList(...of))
const status = (...of: Parameters<typeof ciliumStatus>) => onEachNode('cilium-status.json', ciliumStatus(...of))
const onService = (more: object): Readonly<Record<string, Change>> => ({
  'kubernetes/services.json': editJson((list: Json) => {
    for (const { metadata, spec } of list.items) if (metadata.name === 'nginx-lb') Object.assign(spec, more)
  }),
})
const local = onService({ externalTrafficPolicy: 'Local', healthCheckNodePort: 32100 })
const ranges = onService({ loadBalancerSourceRanges: ['10.240.0.0/24'] })
const both = [onWorker0, onWorker1]
const twoScopes = 'LoadBalancer, Local, two-scopes'
const inside = {
  '10.240.0.100:80/TCP/i (0)': ['0.0.0.0:0 (13) (0) [LoadBalancer, Local, two-scopes] '],
  '10.240.0.100:80/TCP/i (1)': [`${onWorker1}/TCP (13) (1)`],
}
const active = (ip: string, nodeName: string, state = 'active') => ({ ip, nodeName, state })
const shares = 'worker-1 translates 10.240.0.100:80 (tcp) to 10.200.2.3:80 (50 %) and 10.200.3.2:80 (50 %).'
const one = 'worker-1 translates 10.240.0.100:80 (tcp) to 10.200.3.2:80 (100 %).'

const judged = async (changes: Readonly<Record<string, Change>>) =>
  diagnosisOf(await variant('cilium-l2', changes), 'default/nginx-lb')

describe('Cilium’s tables of the node that answers for the VIP', () => {
  test.each<[string, Readonly<Record<string, Change>>, string]>([
    ['the kernel’s', lb(both), shares],
    [
      'the kernel’s, as Cilium 1.12 printed them',
      onEachNode(
        'cilium-bpf-lb-list.json',
        JSON.stringify({
          '10.240.0.100:80': ['0.0.0.0:0 (12) (0) [LoadBalancer]', `${onWorker0} (12) (1)`, `${onWorker1} (12) (2)`],
        }),
      ),
      shares,
    ],
    ['the agent’s', agent([active('10.200.2.3', 'worker-0'), active('10.200.3.2', 'worker-1')]), shares],
    [
      'the agent’s, one endpoint on its way out',
      agent([active('10.200.2.3', 'worker-0', 'terminating'), active('10.200.3.2', 'worker-1')]),
      one,
    ],
    ['a device that Cilium is attached to', { ...lb(both), ...status(['eth0']) }, shares],
    ['answers past the node (DSR)', { ...lb(both), ...status(['eth0'], 'DSR') }, shares],
    ['Local, with an endpoint there', { ...local, ...lb([onWorker1], twoScopes) }, one],
  ])('%s show where the packet goes, and it is reachable', async (_, changes, sentence) => {
    const { verdict, findings } = await judged(changes)
    expect(findings.find(({ id }) => id === 'translation/dnat-present')?.says).toBe(sentence)
    expect(findings.filter(({ status: one }) => one === 'fail' || one === 'warn' || one === 'unknown')).toEqual([])
    expect(verdict).toBe('reachable')
  })

  test.each<[string, Readonly<Record<string, Change>>, readonly [string, string, string]]>([
    [
      'the VIP in none of them',
      onEachNode('cilium-bpf-lb-list.json', bpfLb(both).replaceAll('10.240.0.100', '10.240.0.101')),
      [
        'translation/dnat-present',
        'not-translated',
        'worker-1 does not translate 10.240.0.100:80: the packet is sent on as it is, and no pod sees it.',
      ],
    ],
    [
      'programs on another device than the packet comes in by',
      { ...lb(both), ...status(['ens9']) },
      [
        'translation/dnat-present',
        'device-not-attached',
        'worker-1 does not translate 10.240.0.100:80: the packet comes in by eth0, and Cilium is attached to ens9 only.',
      ],
    ],
    [
      'pods that are gone',
      lb(['10.200.2.77:80', '10.200.3.77:80']),
      [
        'translation/dnat-stale-endpoint',
        'to-removed-endpoint',
        'worker-1 translates to 10.200.2.77:80, which is no endpoint of the Service any more.',
      ],
    ],
    [
      'backends that the table lacks',
      lb(['backend 235 not found', 'backend 236 not found']),
      [
        'translation/dnat-stale-endpoint',
        'to-missing-backend',
        'The table of Cilium on worker-1 names a backend that it does not have (backend 235 not found): packets that it gives to that one are lost.',
      ],
    ],
    [
      'no backend',
      lb([]),
      [
        'translation/no-endpoints-reject',
        'rejected',
        'Cilium on worker-1 drops packets for 10.240.0.100:80 because the Service has no endpoints.',
      ],
    ],
    [
      'Local, and a backend for clients of the cluster alone',
      { ...local, ...lb([], twoScopes, inside) },
      [
        'translation/no-local-endpoint',
        'no-local-endpoint',
        'Cilium on worker-1 drops packets for 10.240.0.100:80: externalTrafficPolicy is Local, and no endpoint is on worker-1.',
      ],
    ],
    [
      'Local, and no backend in the agent’s view',
      { ...local, ...agent([], 'Local') },
      [
        'translation/no-local-endpoint',
        'no-local-endpoint',
        'Cilium on worker-1 drops packets for 10.240.0.100:80: externalTrafficPolicy is Local, and no endpoint is on worker-1.',
      ],
    ],
  ])('%s: that is the cause', async (_, changes, [id, reason, sentence]) => {
    const { verdict, causes } = await judged(changes)
    expect(causes.map((cause) => [cause.id, cause.reason, cause.says])).toEqual([[id, reason, sentence]])
    expect(verdict).toBe('unreachable')
  })

  test('a fix restarts the agent of that node, and no kube-proxy', async () => {
    const { causes } = await judged(lb(['backend 235 not found']))
    expect(causes[0]?.fix?.commands).toEqual(['kubectl -n kube-system delete pod cilium-wd8ln'])
    expect(causes[0]?.look).toEqual([
      'kubectl -n kube-system exec cilium-wd8ln -c cilium-agent -- cilium-dbg bpf lb list -o json',
      'kubectl -n kube-system logs cilium-wd8ln -c cilium-agent --tail=50',
    ])
  })

  test('one lost backend of two loses a part of the connections', async () => {
    const { verdict, findings } = await judged(lb([onWorker0, 'backend 235 not found']))
    expect(verdict).toBe('inconclusive')
    expect(findings.find(({ id }) => id === 'translation/dnat-stale-endpoint')).toMatchObject({
      status: 'warn',
      reason: 'to-missing-backend-in-part',
    })
  })

  test.each<[string, Readonly<Record<string, Change>>]>([
    ['a proxy of the node, whose rules are in no table', lb(both, 'LoadBalancer, l7-load-balancer')],
    ['source ranges, which are in another table', { ...ranges, ...lb(both, 'LoadBalancer, check source-range') }],
  ])('%s: not known', async (_, changes) => {
    const { verdict, causes } = await judged(changes)
    expect([verdict, causes]).toEqual(['inconclusive', []])
  })
})

describe('without the tables', () => {
  test('it is not known, and the one command that would tell is printed', async () => {
    const { verdict, findings } = await judged({})
    const found = findings.find(({ id }) => id === 'translation/dnat-present')
    expect([verdict, found?.status, found?.reason]).toEqual(['inconclusive', 'unknown', 'other-proxy-not-traced'])
    expect(found?.look).toEqual([
      'kubectl -n kube-system exec cilium-wd8ln -c cilium-agent -- cilium-dbg bpf lb list -o json',
    ])
    expect(found?.advice).toContain('nodes/worker-1/cilium-bpf-lb-list.json')
  })

  test.each([
    ['cut off', bpfLb(both).slice(0, 120), 'cut off'],
    ['of another command', '["a"]', 'not what its name says'],
  ])('a table that is %s is a gap', async (_, text, why) => {
    const { verdict, findings } = await judged(onEachNode('cilium-bpf-lb-list.json', text))
    const found = findings.find(({ id }) => id === 'translation/dnat-present')
    expect([verdict, found?.status, found?.gaps?.[0]?.reason]).toEqual([
      'inconclusive',
      'unknown',
      expect.stringContaining(why),
    ])
  })

  test('an agent whose status leaves Services to kube-proxy decides nothing, whatever it lists', async () => {
    const evidence = await variant('hard-way-healthy', {
      ...onEachNode('cilium-service-list.json', serviceList([])),
      ...onEachNode('cilium-status.json', notReplacing),
    })
    expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
  })

  test('a table of cluster IPs alone is no sign of a replacement', async () => {
    const evidence = await variant('hard-way-healthy', {
      'nodes/controller-0/cilium-bpf-lb-list.json': JSON.stringify({
        '10.32.0.1:443/TCP (0)': ['0.0.0.0:0 (1) (0) [ClusterIP, non-routable] '],
      }),
    })
    expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
  })
})

test('beside a kube-proxy that runs, Cilium takes the packet first', async () => {
  const evidence = await variant('hard-way-healthy', onEachNode('cilium-bpf-lb-list.json', bpfLb([])))
  const { causes, findings } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map(({ id }) => id)).toEqual(['translation/no-endpoints-reject'])
  expect(findings.find(({ id }) => id === 'translation/two-proxies')).toMatchObject({
    status: 'warn',
    reason: 'first-of-several',
    says: 'kube-proxy and Cilium handle Services on controller-0 at once; Cilium takes the packet before any rule of kube-proxy sees it.',
  })
})

describe('Calico’s table', () => {
  const nat = (head: string, backends: readonly string[] = both) => ({
    'nodes/controller-0/calico-bpf-nat-dump.txt': calicoNat(head, backends),
  })
  const on = async (changes: Readonly<Record<string, Change>>) =>
    diagnosisOf(await variant('lan-no-kube-proxy-on-announcer', changes), 'default/nginx-lb')

  test.each<[string, Readonly<Record<string, Change>>, string]>([
    ['all endpoints', nat('count 2 local 0'), '10.200.2.3:80 (50 %) and 10.200.3.2:80 (50 %)'],
    [
      'the client’s source range',
      nat('count 2 local 0 src 10.240.0.0/24'),
      '10.200.2.3:80 (50 %) and 10.200.3.2:80 (50 %)',
    ],
    ['local ones for clients outside', nat('count 2 local 1 flags external-local'), '10.200.2.3:80 (100 %)'],
  ])('%s: reachable', async (_, changes, where) => {
    const { verdict, findings } = await on(changes)
    expect(findings.find(({ id }) => id === 'translation/dnat-present')?.says).toBe(
      `controller-0 translates 10.240.0.100:80 (tcp) to ${where}.`,
    )
    expect(findings.filter(({ status: one, hop }) => one === 'fail' && hop !== 'control')).toEqual([])
    expect(verdict).toBe('reachable')
  })

  test.each<[string, Readonly<Record<string, Change>>, readonly [string, string]]>([
    [
      'another address',
      {
        'nodes/controller-0/calico-bpf-nat-dump.txt': calicoNat('count 0 local 0', []).replace(
          '10.240.0.100',
          '10.240.0.7',
        ),
      },
      ['translation/dnat-present', 'not-translated'],
    ],
    ['no endpoint', nat('count 0 local 0', []), ['translation/no-endpoints-reject', 'rejected']],
    [
      'an entry that is missing',
      nat('count 1 local 0', ['is missing']),
      ['translation/dnat-stale-endpoint', 'to-missing-backend'],
    ],
    [
      'pods that are gone',
      nat('count 1 local 0', ['10.200.2.99:80']),
      ['translation/dnat-stale-endpoint', 'to-removed-endpoint'],
    ],
    [
      'Local, and none of this node',
      { ...local, ...nat('count 2 local 0 flags external-local') },
      ['translation/no-local-endpoint', 'no-local-endpoint'],
    ],
  ])('%s: that is the cause', async (_, changes, cause) => {
    const { verdict, causes } = await on(changes)
    expect(causes.map(({ id, reason }) => [id, reason])).toEqual([cause])
    expect(verdict).toBe('unreachable')
  })

  test('is known from kubectl alone, by Felix’s configuration and the pod of its agent', async () => {
    const changes = (bpfEnabled: boolean): Readonly<Record<string, Change>> => ({
      'nodes/': null,
      'kubernetes/felixconfigurations.crd.projectcalico.org.json': JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [{ metadata: { name: 'default' }, spec: { bpfEnabled } }],
      }),
      'kubernetes/pods.json': editJson((list: Json) => {
        list.items.push({
          metadata: { name: 'calico-node-x', namespace: 'calico-system' },
          spec: {
            nodeName: 'controller-0',
            containers: [{ name: 'calico-node', image: 'docker.io/calico/node:v3.30.1' }],
          },
          status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
        })
      }),
    })
    const evidence = await variant('lan-no-kube-proxy-on-announcer', changes(true))
    expect(replacementOn(evidence, 'controller-0')?.name).toBe('Calico’s eBPF data plane')
    expect(replacementOn(evidence, 'worker-0')).toBeNull()
    expect(replacementOn(await variant('lan-no-kube-proxy-on-announcer', changes(false)), 'controller-0')).toBeNull()
  })

  test.each([
    ['a line of another command', 'Error: unknown command "nat"\n', 'line 1 is no part of a dump'],
    [
      'a count without its lines',
      calicoNat('count 2 local 0', []),
      'cut off: line 4 counts more backends than are listed',
    ],
    [
      'a word over which a pattern could sit for ever',
      calicoNat(`count 0 local 0 flags ${'a'.repeat(100_000)}!`, []),
      'line 4 is no part of a dump',
    ],
  ])('%s makes it a gap', async (_, dump, why) => {
    const { verdict, causes, findings } = await on({
      'nodes/controller-0/calico-bpf-nat-dump.txt': dump,
      'nodes/controller-0/ip-link.json': editJson((links: Json) => {
        links.push({ ifindex: 99, ifname: 'bpfin.cali', flags: ['UP'], operstate: 'UP' })
      }),
    })
    const found = findings.find(({ id }) => id === 'translation/dnat-present')
    expect([verdict, causes]).toEqual(['inconclusive', []])
    expect(found?.gaps?.[0]?.reason).toContain(why)
    expect(found?.look).toEqual([
      'kubectl -n calico-system get pods -l k8s-app=calico-node --field-selector spec.nodeName=controller-0',
    ])
  })
})
