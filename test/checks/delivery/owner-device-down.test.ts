import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, wild, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'delivery/owner-device-down'
const client = '10.240.0.50'
const node = 'nodes/controller-0'
const eth1 = (links: Json) => links.find(({ ifname }: Json) => ifname === 'eth1')

/** A VIP on the node's second interface, whose source/destination checks are off: reachable as it is. */
const second = (changes: Readonly<Record<string, Change>>) =>
  wild('aws-15b-two-enis-sdc', {
    'aws/describe-network-interfaces.json': editJson((listed: Json) => {
      for (const one of listed.NetworkInterfaces) one.SourceDestCheck = false
    }),
    ...changes,
  })
const causesOf = async (changes: Readonly<Record<string, Change>>) => {
  const { verdict, causes } = diagnosisOf(await second(changes), '10.240.0.100', client)
  return [verdict, ...causes.map((cause) => [cause.id, cause.reason, cause.says])]
}

test.each(['hard-way-healthy', 'etp-local'])('%s: the interface is up', async (name) => {
  expect(await foundIn(name, id)).toEqual([
    ['pass', expect.stringMatching(/^eth0 of \S+, which is eni-\S+ \(\S+\), is up\.$/)],
  ])
})

test('a second interface that is up and configured passes', async () => {
  expect(await causesOf({})).toEqual(['reachable'])
})

test('an interface that nobody brought up takes no packets', async () => {
  const down = editJson((links: Json) =>
    Object.assign(eth1(links), { operstate: 'DOWN', flags: ['BROADCAST', 'MULTICAST'] }),
  )
  expect(await causesOf({ [`${node}/ip-link.json`]: down })).toEqual([
    'unreachable',
    [
      id,
      'down',
      'eth1 of controller-0, which is eni-0aaa1bbb2ccc3dd03 (controller-0) and gets the packets for 10.240.0.100, is down.',
    ],
  ])
})

test('an interface that the system does not have', async () => {
  const gone = editJson((links: Json) => links.splice(links.indexOf(eth1(links)), 1))
  expect(await causesOf({ [`${node}/ip-link.json`]: gone })).toEqual([
    'unreachable',
    [
      id,
      'absent',
      expect.stringContaining(
        'No link of controller-0 has the MAC of eni-0aaa1bbb2ccc3dd03 (controller-0), 02:00:00:51:01:80',
      ),
    ],
  ])
})

test('links of which none is an interface of the node prove nothing', async () => {
  const evidence = await variant('hard-way-healthy', {
    [`${node}/ip-link.json`]: editJson((links: Json) => {
      for (const link of links) link.address = '02:ff:ff:ff:ff:ff'
    }),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})

/** Measured in network namespaces: without an address on the device mode 0 connects, 1 and 2 time out; with one only 1 does. */
test.each([
  ['0', 'reachable', 'warn'],
  ['1', 'unreachable', 'fail'],
  ['2', 'unreachable', 'fail'],
])('an interface without an address under rp_filter %s: %s', async (mode, verdict, status) => {
  const evidence = await second({
    [`${node}/ip-addr.json`]: editJson((links: Json) => Object.assign(eth1(links), { addr_info: [] })),
    [`${node}/ip-route.json`]: editJson((routes: Json) => {
      for (const route of routes.filter(({ dev }: Json) => dev === 'eth1')) routes.splice(routes.indexOf(route), 1)
    }),
    [`${node}/sysctl.txt`]: (text) =>
      text.replace(/(conf\.(?:all|eth1)\.rp_filter = )\d/g, (_, name: string) => `${name}${mode}`),
  })
  const diagnosis = diagnosisOf(evidence, '10.240.0.100', client)
  expect([diagnosis.verdict, found(evidence, id, '10.240.0.100', client)[0]?.[0]]).toEqual([verdict, status])
  expect(diagnosis.causes.map((cause) => [cause.id, cause.consequences.map((one) => one.id)])).toEqual(
    status === 'fail' ? [[id, ['return/rp-filter']]] : [],
  )
})
