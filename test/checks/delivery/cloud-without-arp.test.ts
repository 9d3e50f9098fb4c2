import { expect, test } from '@jest/globals'
import { clouds } from '../../kit/clouds.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found } from '../../kit/found.ts'

const id = 'delivery/cloud-without-arp'

const standing = (provider: string, files: Readonly<Record<string, Change>> = {}) =>
  variant('lan-healthy', {
    'kubernetes/nodes.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items) spec.providerID = `${provider}:///${metadata.name}`
    }),
    ...files,
  })

test.each(clouds)(
  'on %s the verdict waits for what its API says, and its tool is the first step',
  async (provider, tool) => {
    const { verdict, findings } = diagnosisOf(await standing(provider), 'default/nginx-lb')
    expect(verdict).toBe('inconclusive')
    const open = findings.filter(({ status }) => status === 'unknown')
    expect(open.map((finding) => [finding.id, finding.reason])).toEqual([[id, 'cloud-decides']])
    if (tool === null) expect(open[0]?.advice).toMatch(/API/)
    else expect(open[0]?.look[0]).toMatch(tool)
  },
)

/** What Neutron says of the ports of the nodes. */
const ports = (of: (node: string, address: string) => Json): Change =>
  JSON.stringify({
    ports: Object.entries({
      'controller-0': '10.240.0.10',
      'controller-1': '10.240.0.11',
      'worker-0': '10.240.0.20',
      'worker-1': '10.240.0.21',
    }).map(([node, ip_address]) => ({
      id: `port-of-${node}`,
      fixed_ips: [{ ip_address }],
      port_security_enabled: true,
      allowed_address_pairs: [],
      ...of(node, ip_address),
    })),
  })
const onOpenstack = (of: (node: string) => Json) => standing('openstack', { 'openstack/port-list.json': ports(of) })

test('OpenStack drops what is no allowed address pair of the announcer’s port', async () => {
  const { verdict, causes } = diagnosisOf(
    await onOpenstack((node) =>
      node === 'worker-0' ? { allowed_address_pairs: [{ ip_address: '10.240.0.100' }] } : {},
    ),
    'default/nginx-lb',
  )
  expect([verdict, causes.map((cause) => [cause.id, cause.status, cause.says])]).toEqual([
    'unreachable',
    [
      [
        id,
        'fail',
        'Port security of OpenStack drops what controller-0 sends and gets for 10.240.0.100: it is none of the allowed address pairs of port-of-controller-0.',
      ],
    ],
  ])
  expect(causes[0]?.fix?.commands).toEqual([
    'openstack port set --allowed-address ip-address=10.240.0.100 port-of-controller-0',
  ])
})

test.each<[string, Json]>([
  ['a pair of the whole subnet', { allowed_address_pairs: [{ ip_address: '10.240.0.0/24' }] }],
  ['port security switched off', { port_security_enabled: false }],
])('%s lets it through, and the groups stay unknown', async (_, port) => {
  const evidence = await onOpenstack(() => port)
  expect(found(evidence, id).map(([status]) => status)).toEqual(['pass', 'unknown'])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
})

test('a listing without the ports’ settings says nothing', async () => {
  const bare = JSON.stringify([{ ID: 'one', 'Fixed IP Addresses': [{ ip_address: '10.240.0.10' }] }])
  expect(
    found(await standing('openstack', { 'openstack/port-list.json': bare }), id).map(([status]) => status),
  ).toEqual(['unknown'])
  expect(found(await standing('openstack', { 'openstack/port-list.json': '{' }), id).map(([status]) => status)).toEqual(
    ['unknown'],
  )
})
