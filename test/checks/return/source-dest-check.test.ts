import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, wild, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'return/source-dest-check'
const client = '10.240.0.50'
const interfaces = 'aws/describe-network-interfaces.json'
const node = 'nodes/controller-0'

/** The VIP on a node's second interface, in the subnet of the first, by which answers leave. */
const twoInterfaces = (changes: Readonly<Record<string, Change>> = {}) => wild('aws-15b-two-enis-sdc', changes)
const ask = async (changes: Readonly<Record<string, Change>> = {}) =>
  found(await twoInterfaces(changes), id, '10.240.0.100', client)
const push = (...added: readonly Json[]) => editJson((list: Json) => list.push(...added))

test.each(['hard-way-healthy', 'etp-local', 'ipvs'])('%s: one interface may send its own address', async (name) => {
  expect(await foundIn(name, id, 'default/nginx-lb', client)).toEqual([
    [
      'pass',
      expect.stringMatching(/^Answers from 10\.240\.0\.100 leave \S+ by eni-\S+ \(\S+\), which may send them\.$/),
    ],
  ])
})

test('answers that leave by an interface which does not own the VIP are dropped by EC2', async () => {
  const { verdict, causes } = diagnosisOf(await twoInterfaces(), '10.240.0.100', client)
  expect([verdict, causes.map((cause) => [cause.id, cause.reason, cause.subject, cause.awsCode, cause.says])]).toEqual([
    'unreachable',
    [
      [
        id,
        'not-its-source',
        'eni/eni-e417573b36a6a2820',
        'ENI_SOURCE_DEST_CHECK_RESTRICTION',
        'Answers from 10.240.0.100 leave controller-0 by eth0 (10.240.0.0/24 dev eth0 of table main): that is eni-e417573b36a6a2820 (controller-0), which does not own 10.240.0.100 and checks sources, so EC2 drops them.',
      ],
    ],
  ])
  expect(causes[0]?.proof.map(({ file, pointer }) => `${file} ${pointer ?? ''}`)).toContain(
    `${interfaces} /NetworkInterfaces/0/SourceDestCheck`,
  )
})

test('with the check off they leave', async () => {
  const evidence = await twoInterfaces({ [interfaces]: checkOf('eni-e417573b36a6a2820', false) })
  expect(found(evidence, id, '10.240.0.100', client)[0]?.[0]).toBe('pass')
  expect(diagnosisOf(evidence, '10.240.0.100', client).verdict).toBe('reachable')
})

test('an account that does not say whether it checks leaves it unknown', async () => {
  expect((await ask({ [interfaces]: checkOf('eni-e417573b36a6a2820', undefined) }))[0]?.[0]).toBe('unknown')
})

const checkOf = (eni: string, value: boolean | undefined) =>
  editJson((listed: Json) => {
    listed.NetworkInterfaces.find((one: Json) => one.NetworkInterfaceId === eni).SourceDestCheck = value
  })

const byMark = {
  [`${node}/ip-rule.json`]: push({ priority: 1000, src: 'all', fwmark: '0x10', fwmask: '0x10', table: '116' }),
  [`${node}/ip-route.json`]: push(
    { dst: '10.240.0.0/24', dev: 'eth1', scope: 'link', table: '116', flags: [] },
    { dst: 'default', gateway: '10.240.0.1', dev: 'eth1', table: '116', flags: [] },
  ),
}
const mangle = (rules: readonly string[]) => (text: string) =>
  text.replace(/(\*mangle\n(?:[:#].*\n)*)/, `$1${rules.map((rule) => `-A PREROUTING ${rule}\n`).join('')}`)
const setMark = '-d 10.240.0.100/32 -i eth1 -j CONNMARK --set-xmark 0x10/0x10'
const restore = '-m conntrack --ctdir REPLY -j CONNMARK --restore-mark --nfmask 0x10 --ctmask 0x10'

test('the printed fix mends it: a mark on the connection takes the answer back to the device it came by', async () => {
  const fixed = { ...byMark, [`${node}/iptables-nft-save.txt`]: mangle([setMark, restore]) }
  expect(await ask(fixed)).toEqual([
    [
      'pass',
      'Answers from 10.240.0.100 leave controller-0 by eni-0aaa1bbb2ccc3dd03 (controller-0), which may send them.',
    ],
  ])
  const fix = diagnosisOf(await twoInterfaces(), '10.240.0.100', client).causes[0]?.fix?.commands ?? []
  expect(fix).toContain(
    `ssh controller-0 sudo iptables -t mangle -A PREROUTING -i eth1 -d 10.240.0.100 -j CONNMARK --set-xmark 0x10/0x10`,
  )
  expect(fix).toContain(`ssh controller-0 sudo iptables -t mangle -A PREROUTING ${restore}`)
})

test.each([
  ['a mark that nothing restores', [setMark]],
  ['a mark that only another device’s packets get', [setMark.replace('eth1', 'eth2'), restore]],
  ['a mark that is restored on the way in alone', [setMark, restore.replace('REPLY', 'ORIGINAL')]],
])('%s does not', async (_, rules) => {
  expect((await ask({ ...byMark, [`${node}/iptables-nft-save.txt`]: mangle(rules) }))[0]?.[0]).toBe('fail')
})

test('a rule that is not known on the answer’s way leaves it open', async () => {
  const odd = [setMark, `-m conntrack --ctdir REPLY -m bpf --object-pinned /x -j CONNMARK --restore-mark`]
  expect((await ask({ ...byMark, [`${node}/iptables-nft-save.txt`]: mangle(odd) }))[0]?.[0]).toBe('unknown')
})

test('a rule from the VIP meets no pod’s answer', async () => {
  // Measured in network namespaces: the answer is routed with the pod's address as its source.
  const changes = {
    ...byMark,
    [`${node}/ip-rule.json`]: push({ priority: 1000, src: '10.240.0.100', table: '116' }),
  }
  expect((await ask(changes))[0]?.[0]).toBe('fail')
})

/** A node as the Amazon VPC CNI plugin sets it up: pods on the second interface answer by its table, connections marked 0x80 by the first. */
const vpcCni = (rules: readonly string[]) =>
  variant('etp-local', {
    'nodes/worker-0/ip-link.json': push({
      ifname: 'eth1',
      address: '02:00:00:0f:ad:99',
      operstate: 'UP',
      flags: ['UP'],
    }),
    'nodes/worker-0/ip-rule.json': push(
      { priority: 1024, src: 'all', fwmark: '0x80', fwmask: '0x80', table: 'main' },
      { priority: 1536, src: '10.200.2.0', srclen: 24, table: '2' },
    ),
    'nodes/worker-0/ip-route.json': push({ dst: 'default', gateway: '10.240.0.1', dev: 'eth1', table: '2', flags: [] }),
    'nodes/worker-0/iptables-nft-save.txt': mangle(rules),
    [interfaces]: editJson((listed: Json) => {
      const first = listed.NetworkInterfaces.find((one: Json) => one.NetworkInterfaceId === 'eni-17bf8c96a310b3a5a')
      listed.NetworkInterfaces.push({
        ...first,
        NetworkInterfaceId: 'eni-second',
        MacAddress: '02:00:00:0F:AD:99',
        SourceDestCheck: true,
        PrivateIpAddress: '10.240.0.99',
        PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.240.0.99' }],
        Attachment: { ...first.Attachment, DeviceIndex: 1 },
      })
    }),
  })
const cniMark = (which: string) => [
  `-i eth0 -m comment --comment "AWS, primary ENI" ${which} -j CONNMARK --set-xmark 0x80/0x80`,
  '-i cni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
]

test('the VPC CNI plugin: a connection that its rules mark is answered by the first interface', async () => {
  const marked = await vpcCni(cniMark('-d 10.240.0.100/32'))
  expect(found(marked, id, 'default/nginx-lb', client)[0]?.[0]).toBe('pass')
})

test('the VPC CNI plugin: its rules mark what is for the node’s own addresses, and the VIP is none', async () => {
  const unmarked = await vpcCni(cniMark('-m addrtype --dst-type LOCAL --limit-iface-in'))
  expect(found(unmarked, id, 'default/nginx-lb', client)).toEqual([
    [
      'fail',
      expect.stringContaining(
        'by eth1 (default via 10.240.0.1 dev eth1 of table 2 (rule 1536: from 10.200.2.0/24)): that is eni-second (worker-0)',
      ),
    ],
  ])
})
