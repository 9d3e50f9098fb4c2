import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, fixture, variant, type Json } from '../../kit/fixtures.ts'
import { known } from '../../../src/evidence/gap.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/bridge-nf-call'
const off = (text: string) => text.replace('bridge-nf-call-iptables = 1', 'bridge-nf-call-iptables = 0')
const unloaded = (text: string) => text.replaceAll(/^net\.bridge\..*\n/gm, '')

test.each(['hard-way-healthy', 'lan-healthy', 'ipvs', 'etp-local'])('%s: the bridge asks iptables', async (name) => {
  for (const [status, says] of await foundIn(name, id))
    expect([status, says]).toEqual([
      'pass',
      expect.stringMatching(/^What stays on cn[io]+0 of \S+ passes the packet filter\.( The same holds on .*)?$/),
    ])
})

test.each([
  ['off', off, 'net.bridge.bridge-nf-call-iptables is 0 on worker-0: between two pods on cni0'],
  ['not there', unloaded, 'net.bridge.bridge-nf-call-iptables is not there (br_netfilter is not loaded) on worker-0'],
])('%s is a warning that clients outside do not notice', async (_, change, says) => {
  const evidence = await variant('etp-local', { 'nodes/worker-0/sysctl.txt': change })
  const [finding] = found(evidence, id)
  expect(finding).toEqual(['warn', expect.stringContaining(says)])
  expect(finding?.[1]).toMatch(/Clients outside of worker-0 do not notice\.$/)
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('a pod as client on the same bridge loses the answer', async () => {
  const pods = known((await fixture('etp-local')).kubernetes.pods) ?? []
  const nginx = pods.find(({ status }) => status?.podIP === '10.200.2.3')
  const client = 'pod/default/client'
  const second = editJson((list: Json) => {
    const copy = structuredClone(list.items.find((pod: Json) => pod.metadata.name === nginx?.metadata?.name))
    copy.metadata.name = 'client'
    copy.metadata.labels = {}
    copy.status.podIP = '10.200.2.77'
    copy.status.podIPs = [{ ip: '10.200.2.77' }]
    list.items.push(copy)
  })
  const world = (change: (text: string) => string) =>
    variant('etp-local', { 'kubernetes/pods.json': second, 'nodes/worker-0/sysctl.txt': change })
  expect(diagnosisOf(await world((text) => text), 'default/nginx-lb', client).verdict).toBe('reachable')
  const { verdict, causes } = diagnosisOf(await world(off), 'default/nginx-lb', client)
  expect([verdict, causes.map((one) => [one.id, one.status])]).toEqual(['unreachable', [[id, 'fail']]])
})

test('the bridge’s own setting counts, too', async () => {
  const evidence = await variant('etp-local', {
    'nodes/worker-0/sysctl.txt': off,
    'nodes/worker-0/ip-link.json': editJson((links: Json) => {
      for (const { linkinfo } of links) if (linkinfo?.info_kind === 'bridge') linkinfo.info_data.nf_call_iptables = 1
    }),
  })
  expect(found(evidence, id)[0]?.[0]).toBe('pass')
})

test('pods that hang on no bridge need none of it', async () => {
  const evidence = await variant('etp-local', {
    'nodes/worker-0/sysctl.txt': unloaded,
    'nodes/worker-0/ip-link.json': (text) => text.replaceAll('"info_kind":"bridge"', '"info_kind":"dummy"'),
  })
  expect(found(evidence, id)).toEqual([['skipped', 'The pods of worker-0 hang on no bridge of its kernel.']])
})

test('settings that were not read are not known, and concern pods of that node alone', async () => {
  const evidence = await variant('etp-local', { 'nodes/worker-0/sysctl.txt': null })
  expect(found(evidence, id)[0]).toEqual([
    'unknown',
    expect.stringMatching(
      /^It is not known whether what stays on the pods’ bridge of worker-0 passes its packet filter/,
    ),
  ])
})
