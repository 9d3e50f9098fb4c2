import { expect, test } from '@jest/globals'
import { checks } from '../../../src/checks/index.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { editJson, fixture, type Json } from '../../kit/fixtures.ts'
import { type Asked, ask, runCheck } from '../../kit/ask.ts'
import { byId, edited, entry, ids, ingress, tcp } from './edits.ts'

/** The failure modes of a VIP on EC2, and the check that speaks of each. */
const idOfMode = {
  'nobody owns it': 'delivery/vip-not-owned',
  'owner detached': 'delivery/owner-detached',
  'owner is not the announcer': 'delivery/owner-not-announcer',
  'belongs to something else': 'delivery/owner-foreign',
  'reserved address': 'delivery/reserved-address',
  'in no subnet': 'delivery/no-subnet',
  'pool over subnets': 'delivery/pool-spans-subnets',
  'pool not reserved': 'delivery/pool-not-reserved',
  'pool collides': 'delivery/pool-collides',
  'no address slot': 'delivery/address-slots-full',
  'stale neighbour': 'delivery/stale-neighbour',
  'no route': 'delivery/overlay-no-route',
  blackhole: 'delivery/route-blackhole',
  'route inside the VPC': 'delivery/route-inside-vpc',
  'path cannot carry': 'delivery/path-cannot-carry-vip',
  'static shadows propagated': 'delivery/static-shadows-propagated',
  'source/dest check': 'delivery/source-dest-check',
  'pod source/dest check': 'forwarding/pod-source-dest-check',
  'service port closed': 'admission/service-port',
  'client egress closed': 'admission/client-egress',
  'node to node closed': 'forwarding/node-to-node',
  'memberlist closed': 'control/memberlist-ports',
  'webhook closed': 'control/webhook-port',
  'load balancer port closed': 'admission/nlb-nodeport',
  'ACL in': 'admission/nacl-in',
  'ACL return': 'admission/nacl-return',
  'pod route': 'forwarding/pod-route',
  'route quota': 'forwarding/route-quota',
  'range overlap': 'forwarding/cidr-overlap',
  'no public address': 'delivery/no-public-address',
} as const

type Mode = keyof typeof idOfMode
type Expected = Partial<Record<Mode, 'fail' | 'warn' | 'unknown' | 'pass'>>

const overlay: Asked = { target: '172.20.0.100' }
const checkOn = (...names: readonly (keyof typeof ids)[]) => ({
  enis: (enis: Json[]) => {
    for (const name of names) byId(enis, ids[name]).SourceDestCheck = true
  },
})
const removed = (file: string) => ({ files: { [file]: null } })

/** Each with what must be found; of all other checks none may fail. */
const scenarios: readonly (readonly [string, () => Promise<Evidence>, Asked, Expected])[] = [
  ['1 a pool in the nodes’ subnet, owned by nobody', () => fixture('hard-way-l2'), {}, { 'nobody owns it': 'fail' }],
  [
    '2 the owner is not the leader, and the policy is Local',
    () => fixture('etp-local-moved'),
    {},
    { 'owner is not the announcer': 'fail' },
  ],
  [
    '3 the VIP is the address of a load balancer',
    () =>
      edited('hard-way-l2', {
        enis: (enis) => {
          const eni = structuredClone<Json>(byId(enis, ids.bastion))
          Object.assign(eni, {
            NetworkInterfaceId: 'eni-nlb',
            InterfaceType: 'network_load_balancer',
            RequesterManaged: true,
            Description: 'ELB net/front/1',
            PrivateIpAddress: '10.240.0.100',
            PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.240.0.100' }],
          })
          enis.push(eni)
        },
      }),
    {},
    { 'belongs to something else': 'fail', 'pool collides': 'warn' },
  ],
  [
    '4 the VIP is the address of the router',
    () => fixture('hard-way-l2'),
    { target: '10.240.0.1' },
    { 'reserved address': 'fail', 'nobody owns it': 'fail' },
  ],
  [
    '5 an overlay VIP whose route is right, and the check is on',
    () => fixture('overlay-source-dest-check'),
    overlay,
    { 'source/dest check': 'fail' },
  ],
  [
    '6 an overlay VIP with a route in one of two tables, for a client of the other subnet',
    () =>
      edited('overlay-vip', {
        tables: (tables) => {
          const table = byId(tables, ids.table)
          table.Associations = table.Associations.filter((one: Json) => one.SubnetId !== ids.other)
        },
      }),
    { ...overlay, client: '10.240.1.50' },
    { 'no route': 'fail' },
  ],
  [
    '7 a blackhole',
    () =>
      edited('overlay-vip', {
        tables: (tables) => {
          byId(byId(tables, ids.table).Routes as Json[], '172.20.0.100/32').State = 'blackhole'
        },
      }),
    overlay,
    { blackhole: 'fail' },
  ],
  ['8 a cluster of the hard way with a secondary address', () => fixture('hard-way-healthy'), {}, {}],
  [
    '9 pods without a tunnel, and the check is on at their nodes',
    () => edited('hard-way-healthy', checkOn('worker0', 'worker1')),
    {},
    { 'pod source/dest check': 'fail' },
  ],
  [
    '10 the group opens the NodePort and not the Service port',
    () =>
      edited('hard-way-healthy', {
        rules: ingress([
          tcp(30080, '0.0.0.0/0'),
          tcp(9443, '10.240.0.0/16'),
          tcp(10250, '10.240.0.0/16'),
          { IpProtocol: '-1', ReferencedGroupInfo: { GroupId: ids.group } },
        ]),
      }),
    { client: '10.240.0.50' },
    { 'service port closed': 'fail' },
  ],
  [
    '11 an ACL refuses by rule 90 what rule 100 allows',
    () =>
      edited('hard-way-healthy', {
        acls: (acls) => {
          byId(acls, ids.acl).Entries.unshift(entry({ number: 90, action: 'deny', port: 80 }))
        },
      }),
    { client: '10.240.1.50' },
    { 'ACL in': 'fail' },
  ],
  [
    '12 an ACL lets out only the ephemeral ports of Windows',
    () =>
      edited('hard-way-healthy', {
        acls: (acls) => {
          const acl = byId(acls, ids.acl)
          // The client's own subnet has another ACL: the one that is narrowed is the nodes'.
          acl.Associations = acl.Associations.filter((one: Json) => one.SubnetId !== ids.other)
          acl.Entries = [
            entry({ number: 100, action: 'allow' }),
            entry({ number: 100, action: 'allow', egress: true, port: 49152, to: 65535 }),
          ]
          acls.push({
            NetworkAclId: 'acl-open',
            VpcId: ids.vpc,
            Associations: [{ SubnetId: ids.other }],
            Entries: [entry({ number: 100, action: 'allow' }), entry({ number: 100, action: 'allow', egress: true })],
          })
        },
      }),
    { client: '10.240.1.50' },
    { 'ACL return': 'fail' },
  ],
  [
    '13 a rule by a prefix list whose entries may not be read',
    () =>
      edited('hard-way-healthy', {
        rules: ingress([
          { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, PrefixListId: 'pl-1' },
          { IpProtocol: '-1', ReferencedGroupInfo: { GroupId: ids.group } },
        ]),
      }),
    {},
    { 'service port closed': 'unknown' },
  ],
  [
    '14 a delegated /28 that holds the VIP',
    () =>
      edited('hard-way-l2', {
        enis: (enis) => {
          byId(enis, ids.controller0).Ipv4Prefixes = [{ Ipv4Prefix: '10.240.0.96/28' }]
        },
      }),
    {},
    { 'nobody owns it': 'pass' },
  ],
  [
    '15 DescribeNetworkAcls is denied',
    () => edited('hard-way-healthy', removed('aws/describe-network-acls.json')),
    {},
    { 'ACL in': 'unknown', 'ACL return': 'unknown' },
  ],
  [
    '16 a peered client and an overlay VIP',
    () =>
      edited('overlay-vip', {
        tables: (tables) => {
          byId(tables, ids.table).Routes.push({
            DestinationCidrBlock: '10.9.0.0/16',
            VpcPeeringConnectionId: 'pcx-1',
            State: 'active',
          })
        },
        rules: ingress([{ IpProtocol: '-1', CidrIpv4: '10.0.0.0/8' }]),
      }),
    { ...overlay, client: '10.9.0.7' },
    { 'path cannot carry': 'fail' },
  ],
  [
    '17 an IPv6 VIP on the interface of the node that had it before',
    () =>
      edited('hard-way-l2', {
        subnets: (subnets) => {
          byId(subnets, ids.subnet).Ipv6CidrBlockAssociationSet = [{ Ipv6CidrBlock: '2600:1f18::/64' }]
        },
        enis: (enis) => {
          const old = byId(enis, ids.worker1)
          old.Ipv6Addresses = [{ Ipv6Address: '2600:1f18::100' }]
          old.Attachment = undefined
        },
        rules: ingress([
          { IpProtocol: '-1', CidrIpv6: '2600:1f18::/64' },
          { IpProtocol: '-1', CidrIpv4: '10.0.0.0/8' },
        ]),
        acls: (acls) => {
          const acl = byId(acls, ids.acl)
          for (const egress of [true, false])
            acl.Entries.push({
              RuleNumber: 101,
              Egress: egress,
              Protocol: '-1',
              RuleAction: 'allow',
              Ipv6CidrBlock: '::/0',
            })
        },
      }),
    { target: '2600:1f18::100' },
    { 'owner detached': 'fail' },
  ],
  [
    '18 a participant of a shared VPC',
    () =>
      edited('hard-way-l2', {
        subnets: (subnets) => {
          byId(subnets, ids.subnet).OwnerId = '999999999999'
        },
      }),
    {},
    { 'nobody owns it': 'unknown' },
  ],
]

const speaksOf = (mode: string): string => idOfMode[mode as Mode]

test.each(scenarios)('%s', async (_name, build, asked, expected) => {
  const evidence = await build()
  const drafts = checks
    .filter(({ id }) => /^(delivery|admission|control|forwarding|return)\//.test(id))
    .flatMap((check) =>
      (check.each === 'endpoint'
        ? ['worker-0', 'worker-1'].flatMap((node) => runCheck(check, ask(evidence, asked), node))
        : check.each === 'node'
          ? []
          : runCheck(check, ask(evidence, asked))
      ).map((draft) => ({ id: check.id, ...draft })),
    )
  const found: Record<string, string[]> = {}
  for (const { id, status } of drafts) (found[id] ??= []).push(status)
  for (const [mode, status] of Object.entries(expected)) {
    expect({ mode, found: found[speaksOf(mode)] }).toEqual({
      mode,
      found: expect.arrayContaining([status]),
    })
  }
  const failing = [...new Set(drafts.filter(({ status }) => status === 'fail').map(({ id }) => id))].sort()
  const failed = Object.entries(expected).flatMap(([mode, status]) => (status === 'fail' ? [speaksOf(mode)] : []))
  expect(failing).toEqual(failed.sort())
})

test('every failure mode has a check', () => {
  const known = new Set(checks.map(({ id }) => id as string))
  expect(Object.values(idOfMode).filter((id) => !known.has(id))).toEqual([])
})

test('a denied DescribeNetworkAcls costs the findings of network ACLs and nothing else', async () => {
  const whole = await fixture('hard-way-healthy')
  const denied = await edited('hard-way-healthy', removed('aws/describe-network-acls.json'))
  for (const check of checks.filter(({ each }) => each !== 'endpoint')) {
    const [before, after] = [whole, denied].map((evidence) => runCheck(check, ask(evidence)))
    if (/nacl-(in|return)$/.test(check.id)) {
      expect(after?.map(({ status }) => status)).toEqual(['unknown'])
      expect(after?.[0]?.says).toContain('ec2:DescribeNetworkAcls')
    } else expect(after).toEqual(before)
  }
})

test('the order of the lists in the evidence changes nothing', async () => {
  const reversed = await edited('hard-way-four-faults', {
    enis: (list) => list.reverse(),
    rules: (list) => list.reverse(),
    subnets: (list) => list.reverse(),
    tables: (list) => list.reverse(),
    acls: (list) => {
      list.reverse()
      for (const { Entries } of list) Entries.reverse()
    },
    files: { 'bundle.json': editJson(() => undefined) },
  })
  const plain = await fixture('hard-way-four-faults')
  const asked = { receiving: { by: 'candidate', nodes: ['controller-0', 'worker-1'] } } as const
  for (const check of checks.filter(({ each }) => each !== 'endpoint')) {
    const [one, other] = [plain, reversed].map((evidence) =>
      runCheck(check, ask(evidence, asked)).map(({ status, says, fix }) => ({ status, says, fix })),
    )
    expect({ id: check.id, drafts: other }).toEqual({ id: check.id, drafts: one })
  }
})
