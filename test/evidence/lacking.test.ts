import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../kit/fixtures.ts'
import { byId, ids, ownedBy } from '../fabric/ec2/edits.ts'

const slices = 'kubernetes/endpointslices.discovery.k8s.io.json'
const interfaces = 'aws/describe-network-interfaces.json'

/** The first items of a listing, and what the answer says of there being more. */
const page = (member: string, keep: (item: Json) => boolean, more: object): Change =>
  editJson((answer: Json) => {
    answer[member] = answer[member].filter(keep)
    Object.assign(answer, more)
  })

const without = (member: string, lost: (item: Json) => boolean): Change =>
  editJson((answer: Json) => {
    answer[member] = answer[member].filter((item: Json) => !lost(item))
  })

const next = { NextToken: 'eyJ2IjoiMiJ9' }
const isOwner = ({ NetworkInterfaceId }: Json): boolean => NetworkInterfaceId === ids.controller0
const isService = ({ metadata }: Json): boolean => metadata.labels?.['kubernetes.io/service-name'] === 'nginx-lb'
const admitsClients = ({ GroupId, IsEgress, FromPort, CidrIpv4 }: Json): boolean =>
  GroupId === ids.group && IsEgress === false && (FromPort === 80 || FromPort === -1 || CidrIpv4 === '10.240.0.0/16')

/** What is left of a listing, what says that it is not whole, and what would be concluded from it if it were. */
const rows: readonly (readonly [what: string, changes: Record<string, Change>, id: string, reason: RegExp])[] = [
  [
    'the first page of interfaces',
    { [interfaces]: page('NetworkInterfaces', (eni) => !isOwner(eni), next) },
    'delivery/vip-not-owned',
    /only a part of the listing: NextToken says that there is more/,
  ],
  [
    'interfaces without one that an instance names',
    { [interfaces]: without('NetworkInterfaces', isOwner) },
    'delivery/vip-not-owned',
    /lacks eni-e417573b36a6a2820, which aws\/describe-instances\.json names/,
  ],
  [
    'interfaces without one whose MAC a node shows',
    {
      [interfaces]: editJson(({ NetworkInterfaces }: Json) => {
        ownedBy(null)(NetworkInterfaces)
      }),
      'nodes/controller-0/ip-link.json': editJson((links: Json[]) => {
        links.push({ ifname: 'ens6', link_type: 'ether', address: '02:00:00:51:01:99' })
      }),
    },
    'delivery/vip-not-owned',
    /lacks 02:00:00:51:01:99, which nodes\/controller-0\/ip-link\.json names/,
  ],
  [
    'subnets without that of the interfaces',
    { 'aws/describe-subnets.json': without('Subnets', ({ SubnetId }) => SubnetId === ids.subnet) },
    'delivery/no-subnet',
    /lacks subnet-c1dad34c5444e3356, which aws\/describe-network-interfaces\.json names/,
  ],
  [
    'nodes without one on which pods run',
    { 'kubernetes/nodes.json': without('items', ({ metadata }) => metadata.name === 'controller-0') },
    'delivery/owner-foreign',
    /lacks controller-0, which kubernetes\/pods\.json names/,
  ],
  [
    'nodes cut off by kubectl --chunk-size',
    {
      'kubernetes/nodes.json': page('items', ({ metadata }) => metadata.name !== 'controller-0', {
        metadata: { continue: 'eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ' },
      }),
      'kubernetes/pods.json': null,
    },
    'delivery/owner-foreign',
    /only a part of the listing: metadata\.continue says that there is more/,
  ],
  [
    'slices without those of a Service whose pods are ready',
    { [slices]: without('items', isService) },
    'endpoint/ready',
    /lacks the slices of default\/nginx-lb, behind which kubernetes\/pods\.json shows default\/nginx-/,
  ],
  [
    'the first page of slices',
    {
      [slices]: page('items', (item) => !isService(item), { metadata: { continue: 'x', remainingItemCount: 3 } }),
      'kubernetes/pods.json': null,
    },
    'endpoint/ready',
    /only a part of the listing: metadata\.continue/,
  ],
  [
    'rules without one that the group itself shows',
    { 'aws/describe-security-group-rules.json': without('SecurityGroupRules', admitsClients) },
    'admission/service-port',
    /lacks a rule of sg-e6b0a1c1a5b02b2ae, which aws\/describe-security-groups\.json names/,
  ],
  [
    'the first page of rules',
    {
      'aws/describe-security-group-rules.json': page('SecurityGroupRules', (rule) => !admitsClients(rule), next),
      'aws/describe-security-groups.json': null,
    },
    'admission/service-port',
    /only a part of the listing: NextToken/,
  ],
]

describe('what is not in a part of a listing is not known', () => {
  test.each(rows)('%s', async (_, changes, id, reason) => {
    const { verdict, causes, findings } = diagnosisOf(await variant('hard-way-healthy', changes), '10.240.0.100')
    expect([verdict, causes]).toEqual(['inconclusive', []])
    const said = findings.filter((finding) => finding.id === id)
    expect(said.map(({ status }) => status)).toContain('unknown')
    expect(said.flatMap(({ gaps = [] }) => gaps.map((one) => one.reason))).toContainEqual(expect.stringMatching(reason))
  })
})

describe('what is in it is judged', () => {
  test('the owner on the first page of interfaces', async () => {
    const evidence = await variant('hard-way-healthy', { [interfaces]: page('NetworkInterfaces', () => true, next) })
    const { findings } = diagnosisOf(evidence, '10.240.0.100')
    expect(findings.find(({ id }) => id === 'delivery/vip-not-owned')?.status).toBe('pass')
  })

  test('an endpoint on the first page of slices', async () => {
    const evidence = await variant('hard-way-healthy', {
      [slices]: page('items', () => true, { metadata: { remainingItemCount: 7 } }),
    })
    expect(diagnosisOf(evidence, '10.240.0.100').verdict).toBe('reachable')
  })

  test('a rule on the first page of rules', async () => {
    const rules = page('SecurityGroupRules', () => true, next)
    const evidence = await variant('hard-way-healthy', { 'aws/describe-security-group-rules.json': rules })
    expect(diagnosisOf(evidence, '10.240.0.100').verdict).toBe('reachable')
  })
})

test('of all other listings a part is a gap', async () => {
  const { kubernetes, aws } = await variant('hard-way-healthy', {
    'kubernetes/pods.json': page('items', () => true, { metadata: { remainingItemCount: 120 } }),
    'aws/describe-route-tables.json': page('RouteTables', ({ RouteTableId }) => RouteTableId === ids.table, next),
  })
  expect([kubernetes.pods, aws.routeTables]).toEqual([
    expect.objectContaining({
      reason: 'only a part of the listing: metadata.remainingItemCount says that there is more',
    }),
    expect.objectContaining({ reason: 'only a part of the listing: NextToken says that there is more' }),
  ])
})

test('a route to an interface that the listing lacks leads to nobody for certain only where it is a blackhole', async () => {
  const lost = (State: string) =>
    variant('overlay-vip', {
      [interfaces]: without('NetworkInterfaces', ({ NetworkInterfaceId }) => NetworkInterfaceId === ids.worker0),
      'aws/describe-instances.json': null,
      'aws/describe-route-tables.json': editJson(({ RouteTables }: Json) => {
        const { Routes } = byId(RouteTables, ids.table)
        for (const route of Routes) if (route.NetworkInterfaceId === ids.worker0) route.State = State
      }),
    })
  expect(diagnosisOf(await lost('active'), '172.20.0.100').verdict).toBe('inconclusive')
  expect(diagnosisOf(await lost('blackhole'), '172.20.0.100').causes[0]?.id).toBe('delivery/route-blackhole')
})
