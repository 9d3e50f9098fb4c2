import { describe, expect, test } from '@jest/globals'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'endpoint/network-policy'

interface Policed {
  readonly ingress?: Json
  readonly enforced?: boolean
  readonly base?: string
  readonly local?: boolean
  /** Policies beside it. */
  readonly more?: readonly Json[]
}

const calico = editJson((list: Json) => {
  list.items.push({
    metadata: { name: 'calico-node-x', namespace: 'kube-system' },
    spec: { nodeName: 'worker-0', containers: [{ name: 'calico-node', image: 'docker.io/calico/node:v3.29.1' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  })
})

const nothing = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [] })

/** Calico, without policies in its own words. */
const underCalico = {
  'kubernetes/pods.json': calico,
  'kubernetes/networkpolicies.crd.projectcalico.org.json': nothing,
  'kubernetes/globalnetworkpolicies.crd.projectcalico.org.json': nothing,
}

/** A recording whose nginx pods a policy selects; Calico enforces it where `enforced`. */
const policed = ({ ingress = [], enforced = true, base = 'lan-healthy', local = false, more = [] }: Policed) =>
  variant(base, {
    'kubernetes/networkpolicies.networking.k8s.io.json': editJson((list: Json) => {
      list.items.push({
        metadata: { name: 'nginx-only', namespace: 'default' },
        spec: { podSelector: { matchLabels: { app: 'nginx' } }, policyTypes: ['Ingress'], ingress },
      })
      list.items.push(...more)
    }),
    ...(enforced ? underCalico : {}),
    'kubernetes/services.json': editJson((list: Json) => {
      if (local)
        list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.externalTrafficPolicy = 'Local'
    }),
  })
const block = (cidr: string, more: Json = {}) => [{ from: [{ ipBlock: { cidr } }], ...more }]

const inCilium = (ingress: Json, matchMode?: string) =>
  variant('cilium-l2', {
    'kubernetes/networkpolicies.networking.k8s.io.json': editJson((list: Json) => {
      list.items.push({
        metadata: { name: 'nginx-only', namespace: 'default' },
        spec: { podSelector: { matchLabels: { app: 'nginx' } }, policyTypes: ['Ingress'], ingress },
      })
    }),
    'kubernetes/configmaps.json': editJson((list: Json) => {
      if (matchMode !== undefined)
        list.items.find(({ metadata }: Json) => metadata.name === 'cilium-config').data['policy-cidr-match-mode'] =
          matchMode
    }),
  })

test('without a policy everything may come in', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['pass', 'No NetworkPolicy selects the pods behind Service default/nginx-lb.'],
  ])
})

test('a policy that lets only pods in keeps the node out, whose address masqueraded packets have', async () => {
  const evidence = await policed({ ingress: [{ from: [{ podSelector: {} }] }] })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'default/nginx-only selects all pods behind Service default/nginx-lb and does not let the node controller-0 in; Calico enforces it.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').causes.map((cause) => cause.id)).toEqual([id])
})

/** The policy that the fix of the first cause makes. */
function proposed(evidence: Evidence, client?: string): Json {
  const [cause] = diagnosisOf(evidence, 'default/nginx-lb', client).causes
  const [, manifest = ''] = /^echo '(\{.*\})' \| kubectl apply -f -$/.exec(cause?.fix?.commands[0] ?? '') ?? []
  return JSON.parse(manifest)
}

test('its fix is a narrow policy beside the one that selects all pods, and lets the packet in', async () => {
  const all = { podSelector: {}, policyTypes: ['Ingress'], ingress: [] }
  const withAlso = (...more: Json[]) =>
    variant('lan-healthy', {
      'kubernetes/networkpolicies.networking.k8s.io.json': editJson((list: Json) => {
        list.items.push({ metadata: { name: 'default-deny', namespace: 'default' }, spec: all }, ...more)
      }),
      ...underCalico,
    })
  const made = proposed(await withAlso())
  expect([made.kind, made.metadata, made.spec.podSelector]).toEqual([
    'NetworkPolicy',
    { name: 'nginx-lb-from-outside', namespace: 'default' },
    { matchLabels: { app: 'nginx' } },
  ])
  // Whichever node announces next is let in, too.
  expect(made.spec.ingress).toEqual([
    {
      from: ['10', '11', '20', '21'].map((host) => ({ ipBlock: { cidr: `10.240.0.${host}/32` } })),
      ports: [{ protocol: 'TCP', port: 80 }],
    },
  ])
  expect(found(await withAlso(made), id)[0]?.[0]).toBe('pass')
})

test('with Local it admits the client alone, under a name that nothing has', async () => {
  const taken = {
    metadata: { name: 'nginx-lb-from-outside', namespace: 'default' },
    spec: { podSelector: { matchLabels: { app: 'other' } } },
  }
  const evidence = await policed({ local: true, more: [taken] })
  const made = proposed(evidence, '10.240.0.50')
  expect([made.metadata.name, made.spec.ingress[0].from]).toEqual([
    'nginx-lb-from-outside-too',
    [{ ipBlock: { cidr: '10.240.0.50/32' } }],
  ])
})

test('where nothing enforces policies it is a remark and stops no packet', async () => {
  const evidence = await policed({ enforced: false })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        /nothing in the evidence enforces policies, so it stops no packet as far as can be seen\.$/,
      ),
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test.each([
  ['the nodes’ subnet', block('10.240.0.0/24'), 'pass'],
  ['everybody', [{}], 'pass'],
  ['the right port', block('10.240.0.0/24', { ports: [{ protocol: 'TCP', port: 80 }] }), 'pass'],
  ['a range of ports', block('10.240.0.0/24', { ports: [{ port: 70, endPort: 90 }] }), 'pass'],
  ['another port', block('10.240.0.0/24', { ports: [{ port: 8080 }] }), 'fail'],
  ['UDP', block('10.240.0.0/24', { ports: [{ protocol: 'UDP', port: 80 }] }), 'fail'],
  ['an exception', [{ from: [{ ipBlock: { cidr: '10.240.0.0/24', except: ['10.240.0.10/32'] } }] }], 'fail'],
  ['another subnet', block('192.168.0.0/16'), 'fail'],
])('a rule for %s', async (_, ingress, status) => {
  expect(found(await policed({ ingress }), id).map(([is]) => is)).toEqual([status])
})

test('with Local the client’s own address counts', async () => {
  const local = { local: true, ingress: block('10.240.0.48/28') }
  const of = async (client: string) => found(await policed(local), id, 'default/nginx-lb', client).map(([is]) => is)
  expect(await of('10.240.0.50')).toEqual(['pass'])
  expect(await of('10.240.0.99')).toEqual(['fail'])
  expect(await of('vpc')).toEqual(['unknown'])
  expect(found(await policed({ local: true }), id).map(([is]) => is)).toEqual(['fail'])
})

test('k3s enforces policies inside its own process, where its chains are there', async () => {
  const k3s = (chain: boolean) =>
    variant('lan-healthy', {
      'kubernetes/networkpolicies.networking.k8s.io.json': editJson((list: Json) => {
        list.items.push({
          metadata: { name: 'nginx-only', namespace: 'default' },
          spec: { podSelector: { matchLabels: { app: 'nginx' } }, policyTypes: ['Ingress'], ingress: [] },
        })
      }),
      'kubernetes/nodes.json': editJson((list: Json) => {
        for (const { status } of list.items) status.nodeInfo = { kubeletVersion: 'v1.34.1+k3s1' }
      }),
      'nodes/controller-0/iptables-nft-save.txt': (text) =>
        chain ? text.replace('*filter\n', '*filter\n:KUBE-ROUTER-FORWARD - [0:0]\n') : text,
    })
  expect(found(await k3s(true), id)).toEqual([
    ['fail', expect.stringMatching(/; k3s, by the kube-router inside it, enforces it\.$/)],
  ])
  expect(found(await k3s(false), id)[0]?.[0]).toBe('warn')
})

// worker-1 takes the packets in: of its own pod the client's address is seen, of worker-0's what worker-1 passes on.
test.each<[string, Json, string | undefined, string, RegExp]>([
  [
    'an ipBlock of the nodes and the client means no node',
    block('10.240.0.0/24'),
    undefined,
    'fail',
    /^default\/nginx-only selects 1 pod .* does not let the node worker-1 in; Cilium enforces it\.$/,
  ],
  [
    'unless Cilium is told that it does',
    block('10.240.0.0/24'),
    'nodes',
    'pass',
    /^default\/nginx-only lets the node worker-1 in/,
  ],
  [
    'one of everything means the world, for which Cilium may take a node',
    block('0.0.0.0/0'),
    undefined,
    'unknown',
    /does not|Cilium takes what a node passes on for that node or for the world/,
  ],
  ['a rule for everybody lets nodes in, too', [{}], undefined, 'pass', /lets the node worker-1 in/],
  [
    'the pod of the node that takes it in sees the client',
    block('10.240.0.21/32'),
    'nodes',
    'fail',
    /^default\/nginx-only selects 1 pod .* does not let 10\.240\.0\.50 in; Cilium enforces it\.$/,
  ],
])('where Cilium enforces policies: %s', async (_, ingress, mode, status, sentence) => {
  const evidence = await inCilium(ingress, mode)
  expect(found(evidence, id, '10.240.0.100:80', '10.240.0.50')).toEqual([[status, expect.stringMatching(sentence)]])
})

test('the fix for what Cilium’s nodes pass on is a policy of Cilium, by what it takes them for', async () => {
  const made = proposed(await inCilium([]), '10.240.0.50')
  expect([made.kind, made.spec.endpointSelector, made.spec.ingress]).toEqual([
    'CiliumNetworkPolicy',
    { matchLabels: { app: 'nginx' } },
    [{ fromEntities: ['remote-node', 'world'], toPorts: [{ ports: [{ protocol: 'TCP', port: '80' }] }] }],
  ])
})

describe('policies in the own words of what enforces them', () => {
  const cilium = 'kubernetes/ciliumnetworkpolicies.cilium.io.json'
  const clusterwide = 'kubernetes/ciliumclusterwidenetworkpolicies.cilium.io.json'
  const list = (...items: Json[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const one = (spec: Json, metadata: Json = { name: 'own', namespace: 'default' }): Json => ({ metadata, spec })
  const nginx = { endpointSelector: { matchLabels: { 'k8s:app': 'nginx' } } }
  /** The Cilium cluster with its own policies. */
  const under = (policies: readonly Json[], everywhere: readonly Json[] = [], plain: readonly Json[] = []) =>
    variant('cilium-l2', {
      [cilium]: list(...policies),
      [clusterwide]: list(...everywhere),
      'kubernetes/networkpolicies.networking.k8s.io.json': list(...plain),
    })
  const saidOf = async (evidence: Promise<Evidence>, client?: string) =>
    found(await evidence, id, 'default/nginx-lb', client)
  const statusOf = async (evidence: Promise<Evidence>) => (await saidOf(evidence)).map(([status]) => status)
  const from = (entities: readonly string[], more: Json = {}) =>
    one({ ...nginx, ingress: [{ fromEntities: entities, ...more }] })
  const at = (port: string, protocol = 'TCP') => ({ toPorts: [{ ports: [{ port, protocol }] }] })

  test.each<readonly [string, Json, string]>([
    ['everybody', from(['all']), 'pass'],
    ['nodes and the world', from(['remote-node', 'world']), 'pass'],
    ['the cluster and the world', from(['cluster', 'world'], at('80')), 'pass'],
    ['any protocol', from(['all'], at('80', 'ANY')), 'pass'],
    ['a rule without peers', one({ ...nginx, ingress: [at('80')] }), 'pass'],
    [
      'the nodes and every address',
      one({ ...nginx, ingress: [{ fromEntities: ['remote-node'], fromCIDR: ['0.0.0.0/0'] }] }),
      'pass',
    ],
    [
      'several rules in one policy',
      { metadata: { name: 'own', namespace: 'default' }, specs: [{ ...nginx, ingress: [{}] }] },
      'pass',
    ],
    ['the world alone, for a node may pass it on', from(['world']), 'unknown'],
    ['another port', from(['all'], at('8080')), 'unknown'],
    [
      'a part of the addresses',
      one({
        ...nginx,
        ingress: [{ fromEntities: ['remote-node'], fromCIDRSet: [{ cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] }] }],
      }),
      'unknown',
    ],
    ['pods', one({ ...nginx, ingress: [{ fromEndpoints: [{}] }] }), 'unknown'],
    ['those who prove who they are', from(['all'], { authentication: { mode: 'required' } }), 'unknown'],
    [
      'everybody, and a deny beside it',
      one({ ...nginx, ingress: [{ fromEntities: ['all'] }], ingressDeny: [{ fromCIDR: ['10.0.0.0/8'] }] }),
      'unknown',
    ],
    [
      'other pods',
      one({ endpointSelector: { matchLabels: { app: 'db' } }, ingress: [{ fromEndpoints: [{}] }] }),
      'pass',
    ],
    [
      'pods of another namespace',
      one({ ...nginx, ingress: [{ fromEndpoints: [{}] }] }, { name: 'own', namespace: 'else' }),
      'pass',
    ],
    ['nodes', one({ nodeSelector: {}, ingress: [{ fromEntities: ['health'] }] }), 'pass'],
    ['what leaves', one({ ...nginx, egress: [{}] }), 'pass'],
    [
      'nobody, without the default of refusing',
      one({ ...nginx, enableDefaultDeny: { ingress: false }, ingress: [{ fromEndpoints: [{}] }] }),
      'pass',
    ],
  ])('of Cilium for %s', async (_, policy, status) => {
    expect(await statusOf(under([policy]))).toEqual([status])
  })

  test('a policy of the whole cluster counts, and is asked for by its name', async () => {
    const evidence = await under(
      [],
      [one({ endpointSelector: {}, ingress: [{ fromEndpoints: [{}] }] }, { name: 'inside' })],
    )
    expect(found(evidence, id)).toEqual([
      [
        'unknown',
        'It is not known whether Cilium’s own policy inside, which selects the pods behind Service default/nginx-lb, lets the node worker-1 in.',
      ],
    ])
    const [finding] = diagnosisOf(evidence, 'default/nginx-lb').findings.filter((one) => one.id === id)
    expect(finding?.look).toEqual(['kubectl get ciliumclusterwidenetworkpolicies.cilium.io inside -o yaml'])
  })

  test('what a NetworkPolicy refuses they may admit, and the other way round', async () => {
    const inside = one({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] })
    const open = one({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] })
    expect(await statusOf(under([], [], [inside]))).toEqual(['fail'])
    expect(await statusOf(under([from(['all'])], [], [inside]))).toEqual(['pass'])
    expect(await statusOf(under([from(['health'])], [], [inside]))).toEqual(['unknown'])
    expect(await statusOf(under([from(['health'])], [], [open]))).toEqual(['pass'])
  })

  test.each([[cilium], [clusterwide]])('%s that was not read may hold one', async (file) => {
    const evidence = await variant('cilium-l2', { [file]: null })
    expect(found(evidence, id)).toEqual([
      [
        'unknown',
        `It is not known whether policies of Cilium let the packet in at the pods behind Service default/nginx-lb (${file}: not in the evidence).`,
      ],
    ])
  })

  // Without the nodes: their rules would tell.
  const calicos = (namespaced: readonly Json[], everywhere: readonly Json[]) => ({
    ...underCalico,
    'nodes/': null,
    'kubernetes/networkpolicies.crd.projectcalico.org.json': list(...namespaced),
    'kubernetes/globalnetworkpolicies.crd.projectcalico.org.json': list(...everywhere),
  })
  const global = (spec: Json) => one(spec, { name: 'own' })

  test.each<readonly [string, Json, string]>([
    ['all pods', { selector: 'all()' }, 'unknown'],
    ['these pods', { selector: "app == 'nginx' && has(app)" }, 'unknown'],
    ['pods of a namespace', { selector: "projectcalico.org/namespace == 'default'" }, 'unknown'],
    ['one or the other', { selector: "app == 'db' || app == 'nginx'" }, 'unknown'],
    ['other words', { selector: "app in {'db'}" }, 'unknown'],
    ['other pods', { selector: "app == 'db'" }, 'pass'],
    ['pods with a label', { selector: "has(team) && app == 'nginx'" }, 'pass'],
    ['what leaves', { selector: 'all()', types: ['Egress'] }, 'pass'],
    ['what leaves, by its rules', { selector: 'all()', egress: [{ action: 'Allow' }] }, 'pass'],
  ])('of Calico for %s', async (_, spec, status) => {
    expect(await statusOf(variant('lan-healthy', calicos([], [global(spec)])))).toEqual([status])
    expect(await statusOf(variant('lan-healthy', calicos([one(spec)], [])))).toEqual([status])
  })

  test('Calico’s are in the rules of the pods’ nodes, where those were read', async () => {
    const chained = (text: string): string => text.replace('*filter\n', '*filter\n:cali-FORWARD - [0:0]\n')
    const nodes = Object.fromEntries(
      ['worker-0', 'worker-1'].map((node) => [`nodes/${node}/iptables-nft-save.txt`, chained]),
    )
    const pods = { 'kubernetes/pods.json': calico }
    expect(await statusOf(variant('lan-healthy', { ...pods, ...nodes }))).toEqual(['pass'])
    // kube-proxy's rules, and none of Calico's.
    expect(await statusOf(variant('lan-healthy', pods))).toEqual(['pass'])
    expect(await statusOf(variant('lan-healthy', { ...pods, 'nodes/': null }))).toEqual(['unknown'])
    const all = 'kubernetes/globalnetworkpolicies.crd.projectcalico.org.json'
    const listed = { ...underCalico, [all]: list(global({ selector: 'all()' })) }
    expect(await statusOf(variant('lan-healthy', listed))).toEqual(['pass'])
    const bpf = list(one({ bpfEnabled: true }, { name: 'default' }))
    const felix = 'kubernetes/felixconfigurations.crd.projectcalico.org.json'
    expect(await statusOf(variant('lan-healthy', { ...listed, [felix]: bpf }))).toEqual(['unknown'])
    expect(await statusOf(variant('lan-healthy', { ...pods, [felix]: bpf }))).toEqual(['unknown'])
  })
})
