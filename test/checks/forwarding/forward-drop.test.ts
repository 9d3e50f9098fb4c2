import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixture, variant } from '../../kit/fixtures.ts'
import { withFirewalld, withRules } from '../../kit/firewalled.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/forward-drop'

test('no rule in the way passes', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', 'No rule drops the packet between controller-0 and the 2 endpoints.'],
  ])
})

test('a firewall that rejects forwarded traffic is named by its chain, the INPUT rule beside it is not', async () => {
  const [[status, says] = []] = await foundIn('lan-forward-reject', id)
  expect(status).toBe('fail')
  expect(says).toMatch(
    /^controller-0 rejects \(icmp-host-prohibited\) the packet to 10\.200\.\d\.\d:80 in filter chain FORWARD\.$/,
  )
})

test('a FORWARD policy of DROP does not stop what kube-proxy marked for masquerading', async () => {
  const drop = {
    'nodes/controller-0/iptables-nft-save.txt': (text: string) =>
      text.replace(/(\*filter[^*]*?:FORWARD) ACCEPT/, '$1 DROP'),
  }
  expect(found(await variant('hard-way-healthy', drop), id)[0]?.[0]).toBe('pass')
})

test('the same policy on the pod’s node stops the second hop', async () => {
  const drop = {
    'nodes/worker-0/iptables-nft-save.txt': (text: string) =>
      text.replace(/(\*filter[^*]*?:FORWARD) ACCEPT/, '$1 DROP'),
  }
  expect(found(await variant('hard-way-healthy', drop), id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        /^For a part of the connections: worker-0 drops the packet to 10\.200\.2\.2:80 in filter chain FORWARD\.$/,
      ),
    ],
  ])
})

test('a native nftables table drops what iptables accepts', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/nft-ruleset.json': (text) => {
      const value = JSON.parse(text)
      value.nftables.push(
        { table: { family: 'inet', name: 'guard', handle: 1 } },
        {
          chain: {
            family: 'inet',
            table: 'guard',
            name: 'forward',
            handle: 1,
            type: 'filter',
            hook: 'forward',
            prio: 10,
            policy: 'accept',
          },
        },
        {
          rule: {
            family: 'inet',
            table: 'guard',
            chain: 'forward',
            handle: 2,
            expr: [
              { match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 80 } },
              { drop: null },
            ],
          },
        },
      )
      return JSON.stringify(value)
    },
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      expect.stringMatching(/^controller-0 drops the packet to 10\.200\.\d\.\d:80 in inet guard chain forward\.$/),
    ],
  ])
})

test('a bridge that drops ARP keeps the packet from its pod, and the rule is taken away', async () => {
  const of = { family: 'bridge', table: 'site' }
  const rules = [
    { table: { family: 'bridge', name: 'site' } },
    { chain: { ...of, name: 'output', type: 'filter', hook: 'output', prio: 0, policy: 'accept' } },
    {
      rule: {
        ...of,
        chain: 'output',
        handle: 2,
        expr: [
          { match: { op: '==', left: { payload: { protocol: 'ether', field: 'type' } }, right: 'arp' } },
          { drop: null },
        ],
      },
    },
  ]
  const changes = Object.fromEntries(
    ['worker-0', 'worker-1'].flatMap((node) => [
      [
        `nodes/${node}/nft-ruleset.json`,
        (text: string) => JSON.stringify({ nftables: [...JSON.parse(text).nftables, ...rules] }),
      ],
      [`nodes/${node}/ip-neigh.json`, () => '[]'],
    ]),
  )
  const { causes } = diagnosisOf(await variant('lan-healthy', changes), 'default/nginx-lb')
  expect(causes.map((one) => one.id)).toEqual([id])
  expect(causes[0]?.says).toMatch(
    /^worker-\d cannot send the packet to 10\.200\.\d\.\d:80: a rule drops the ARP that asks for 10\.200\.\d\.\d, in bridge site chain output/,
  )
  expect(causes[0]?.fix?.commands).toContainEqual(
    expect.stringMatching(/^ssh worker-\d sudo nft delete rule bridge site output handle 2$/),
  )
})

test('without the evidence of the pod’s node the second hop is not known', async () => {
  expect(found(await variant('hard-way-healthy', { 'nodes/worker-0/': null }), id)).toEqual([
    ['unknown', expect.stringContaining('It is not known whether worker-0 lets the packet through to its pod')],
  ])
})

test('what firewalld or ufw rejects is admitted in their own words, and looked at by the tool that reads it', async () => {
  const firewalld = { 'nodes/controller-0/nft-ruleset.json': withFirewalld([], false) }
  const [first] = diagnosisOf(await variant('lan-healthy', firewalld), 'default/nginx-lb').causes
  expect([first?.id, first?.look]).toEqual([id, ['ssh controller-0 sudo nft list chain inet firewalld filter_FORWARD']])
  expect(first?.fix?.commands.slice(0, 3)).toEqual([
    'ssh controller-0 sudo firewall-cmd --permanent --new-policy=to-pods',
    'ssh controller-0 sudo firewall-cmd --permanent --policy=to-pods --add-ingress-zone=ANY',
    'ssh controller-0 sudo firewall-cmd --permanent --policy=to-pods --add-egress-zone=ANY',
  ])
  const rules = withRules([
    '-A ufw-user-forward -p tcp -m tcp --dport 443 -j ACCEPT',
    '-A FORWARD -j ufw-reject-forward',
    '-A ufw-reject-forward -j REJECT --reject-with icmp-port-unreachable',
  ])
  const early = (text: string) =>
    (rules as (text: string) => string)(text.replace(/^.*-A FORWARD .*KUBE-FORWARD\n/m, ''))
  const ufw = { 'nodes/controller-0/iptables-nft-save.txt': early }
  const [second] = diagnosisOf(await variant('lan-healthy', ufw), 'default/nginx-lb').causes
  expect(second?.fix?.commands).toEqual([
    'ssh controller-0 sudo ufw route allow proto tcp from 10.240.0.0/24 to 10.200.2.3 port 80',
    'ssh controller-0 sudo ufw route allow proto tcp from 10.240.0.0/24 to 10.200.3.2 port 80',
  ])
})

const closed = (...nodes: readonly string[]) =>
  Object.fromEntries(
    nodes.map((node) => [
      `nodes/${node}/iptables-nft-save.txt`,
      withRules(['-A FORWARD -p tcp -m tcp --dport 80 -j DROP']),
    ]),
  )

test('every node that drops is named, with its own command', async () => {
  const [cause] = diagnosisOf(await variant('lan-healthy', closed('worker-0', 'worker-1')), 'default/nginx-lb').causes
  expect([cause?.id, cause?.says]).toEqual([
    id,
    'worker-0 drops the packet to 10.200.2.3:80 in filter chain FORWARD; worker-1 drops the packet to 10.200.3.2:80 in filter chain FORWARD.',
  ])
  expect(cause?.fix?.commands).toEqual(
    ['worker-0', 'worker-1'].map(
      (node) => `ssh ${node} sudo iptables-nft -t filter -D FORWARD -p tcp -m tcp --dport 80 -j DROP`,
    ),
  )
  expect(new Set(cause?.proof.map(({ file }) => file))).toEqual(
    new Set(['nodes/worker-0/iptables-nft-save.txt', 'nodes/worker-1/iptables-nft-save.txt']),
  )
})

test('Docker’s policy on every node is opened on every node that may announce next', async () => {
  const docker = (text: string) =>
    text.replace(/^(\*filter[^*]*?:FORWARD) ACCEPT/m, '$1 DROP').replace(/^.*-A FORWARD .*KUBE-FORWARD\n/m, '')
  const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
  const evidence = await variant(
    'lan-healthy',
    Object.fromEntries(nodes.map((node) => [`nodes/${node}/iptables-nft-save.txt`, docker])),
  )
  const [cause] = diagnosisOf(evidence, 'default/nginx-lb').causes
  expect(cause?.says).toBe(
    'controller-0 drops the packet to 10.200.2.3:80 in filter chain FORWARD; controller-1, worker-0 and worker-1 would drop it too, if it came in there.',
  )
  expect(new Set(cause?.fix?.commands)).toEqual(
    new Set(nodes.map((node) => `ssh ${node} sudo iptables-nft -t filter -P FORWARD ACCEPT`)),
  )
})

test('takes away what would stop the packet next, on the same node and on the pods’', async () => {
  // kube-proxy's own chain accepts what it marked; a rule before it sees the packet first.
  const first = (rule: string) => (text: string) =>
    text.replace(/^(.*-A FORWARD .*KUBE-PROXY-FIREWALL.*)$/m, `[0:0] ${rule}\n$1`)
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/iptables-nft-save.txt': first('-A FORWARD -p tcp -m tcp --dport 80 -j DROP'),
    'nodes/worker-0/iptables-nft-save.txt': first('-A FORWARD -p tcp -m tcp --dport 80 -j DROP'),
    'nodes/worker-1/iptables-nft-save.txt': withRules([], { FORWARD: 'DROP' }),
  })
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map((cause) => [cause.id, cause.subject])).toEqual([[id, 'node/controller-0']])
  expect(causes[0]?.fix?.summary).toBe('let the packet through on controller-0, worker-0 and worker-1')
  expect(causes[0]?.fix?.commands).toEqual([
    'ssh controller-0 sudo iptables-nft -t filter -D FORWARD -p tcp -m tcp --dport 80 -j DROP',
    'ssh worker-0 sudo iptables-nft -t filter -D FORWARD -p tcp -m tcp --dport 80 -j DROP',
    'ssh worker-1 sudo iptables-nft -t filter -P FORWARD ACCEPT',
  ])
  expect(causes[0]?.proof[0]?.value).toContain('--dport 80 -j DROP')
})

test('a pod that meets itself behind its own Service is told of the bridge, not of a firewall', async () => {
  const client = 'pod/default/nginx-f4c86c6c4-7wlnq'
  const { findings } = diagnosisOf(await fixture('lan-healthy'), '10.240.0.100:80', client)
  const finding = findings.find((one) => one.id === 'forwarding/forward-drop')
  expect(finding).toMatchObject({
    status: 'warn',
    brief: 'in part: a pod is not sent to itself',
    says: expect.stringMatching(
      /^For a part of the connections: worker-0 drops the packet to 10\.200\.2\.3:80: the bridge \S+ sends nothing back out of the port that it came in by \(hairpin mode is off\)\.$/,
    ),
    look: ['ssh worker-0 bridge -d link'],
    advice: expect.stringContaining('"hairpinMode": true'),
  })
})
