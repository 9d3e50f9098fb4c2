import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, fixtureNames, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/cni-config'
const of = async (changes: Readonly<Record<string, Change>>) => found(await variant('hard-way-healthy', changes), id)
const bridge = (subnet: string) =>
  JSON.stringify({ name: 'bridge', type: 'bridge', ipam: { type: 'host-local', ranges: [[{ subnet }]] } })

test('the bridge of the hard way, with its plugins there', async () => {
  expect(await foundIn('hard-way-healthy', id)).toContainEqual([
    'pass',
    'worker-0 takes 10-bridge.conf, with the plugins bridge and host-local.',
  ])
})

test('no recording is found to be wrong', async () => {
  for (const name of fixtureNames)
    for (const [status, says] of await foundIn(name, id).catch(() => []))
      expect({ name, says, status }).toEqual({ name, says, status: expect.stringMatching(/^(pass|skipped|unknown)$/) })
})

test('a plugin that the configuration names and the node does not have', async () => {
  const changes = { 'nodes/worker-0/cni-bin.txt': 'bridge\nloopback\n' }
  expect(await of(changes)).toContainEqual([
    'fail',
    '10-bridge.conf of worker-0 names the CNI plugin host-local, and it is not among the node’s plugins: new pods get no network.',
  ])
  expect(diagnosisOf(await variant('hard-way-healthy', changes), 'default/nginx-lb').verdict).toBe('reachable')
  expect(
    (
      await of({
        'nodes/worker-0/cni-bin.txt': "ls: cannot access '/opt/cni/bin': No such file or directory\n",
      })
    )[0],
  ).toEqual(['fail', expect.stringContaining('names the CNI plugins bridge and host-local, and they are not')])
})

test('where pods wait for it, it is the cause', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/worker-0/cni-bin.txt': 'loopback\n',
    'nodes/worker-1/cni-bin.txt': 'loopback\n',
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, status } of list.items)
        if (metadata.name.startsWith('nginx-')) {
          delete status.podIP
          delete status.podIPs
        }
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const slice of list.items)
        if (slice.metadata.labels?.['kubernetes.io/service-name'] === 'nginx-lb') slice.endpoints = []
    }),
  })
  const { causes, verdict } = diagnosisOf(evidence, 'default/nginx-lb')
  const cause = causes.find((one) => one.id === id)
  expect(verdict).toBe('unreachable')
  expect(cause?.consequences.map((one) => one.id)).toEqual(
    expect.arrayContaining(['endpoint/ready', 'endpoint/pod-network']),
  )
})

test('without the listing of the directory nothing is said, and the verdict stands', async () => {
  const changes = { 'nodes/worker-0/cni-conf.txt': null, 'nodes/worker-1/cni-conf.txt': null }
  expect((await of(changes))[0]).toEqual(['skipped', 'The CNI configuration of worker-0 is not in the evidence.'])
  expect(diagnosisOf(await variant('hard-way-healthy', changes), 'default/nginx-lb').verdict).toBe('reachable')
})

test('only loopback’s configuration is there', async () => {
  expect((await of({ 'nodes/worker-0/cni-conf.txt': '99-loopback.conf\n' }))[0]).toEqual([
    'fail',
    'worker-0 takes the CNI configuration 99-loopback.conf, which has the plugin loopback only: new pods get no address.',
  ])
})

test('two CNIs: the first by name is taken, and Multus is meant to stand first', async () => {
  const flannel = JSON.stringify({ name: 'cbr0', plugins: [{ type: 'flannel' }, { type: 'portmap' }] })
  const two = (name: string, text: string) => ({
    'nodes/worker-0/cni-conf.txt': `99-loopback.conf\n10-bridge.conf\n${name}\n`,
    [`nodes/worker-0/cni-conf/${name}`]: text,
  })
  expect((await of(two('10-flannel.conflist', flannel)))[0]).toEqual([
    'warn',
    'worker-0 has 2 CNI configurations, 10-bridge.conf (bridge) and 10-flannel.conflist (flannel): the runtime takes the first by name, 10-bridge.conf.',
  ])
  const multus = JSON.stringify({ name: 'multus', type: 'multus-shim' })
  const changes = { ...two('00-multus.conf', multus), 'nodes/worker-0/cni-bin.txt': 'multus-shim\nbridge\n' }
  expect((await of(changes))[0]).toEqual(['pass', 'worker-0 takes 00-multus.conf, with the plugins multus-shim.'])
})

test('ranges of a bridge: no range, another than the node’s, or another node’s', async () => {
  const file = 'nodes/worker-0/cni-conf/10-bridge.conf'
  expect((await of({ [file]: bridge('SUBNET') }))[0]).toEqual([
    'warn',
    '10-bridge.conf of worker-0 gives pods addresses from “SUBNET”, which is no range.',
  ])
  expect((await of({ [file]: bridge('10.201.0.0/24') }))[0]).toEqual([
    'warn',
    expect.stringMatching(
      /^10-bridge\.conf of worker-0 gives pods addresses from 10\.201\.0\.0\/24, and the node’s podCIDR is 10\.200\.\d\.0\/24: routes by podCIDR do not lead to its pods\.$/,
    ),
  ])
  const same = { [file]: bridge('10.200.9.0/24'), 'nodes/worker-1/cni-conf/10-bridge.conf': bridge('10.200.9.0/24') }
  const nodes = editJson((list: Json) => {
    for (const { spec } of list.items) {
      delete spec.podCIDR
      delete spec.podCIDRs
    }
  })
  expect((await of({ ...same, 'kubernetes/nodes.json': nodes }))[0]).toEqual([
    'warn',
    expect.stringMatching(/^worker-0 and worker-1 give pods addresses from the same range, 10\.200\.9\.0\/24:/),
  ])
})
