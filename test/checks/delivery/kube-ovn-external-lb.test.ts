import { expect, test } from '@jest/globals'
import { editJson, type Json } from '../../kit/fixtures.ts'
import { kubeOvnCluster } from '../../kit/kube-ovn.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'delivery/kube-ovn-external-lb'

/** An underlay subnet of Kube-OVN that is the nodes' own, with MetalLB's VIP in it. */
const underlay = (spec: Json) =>
  kubeOvnCluster({
    subnet: (subnet) => {
      Object.assign(subnet.spec, { cidrBlock: '10.240.0.0/24', gateway: '10.240.0.1', vlan: 'vlan-0', ...spec })
    },
  })

test('KO-U02 a subnet that reserves the pool and lets MetalLB announce it', async () => {
  const spec = { excludeIps: ['10.240.0.100..10.240.0.110'], enableExternalLBAddress: true }
  expect(found(await underlay(spec), id)).toEqual([
    ['pass', 'The underlay subnet ovn-default leaves 10.240.0.100 to MetalLB.'],
  ])
  expect(found(await underlay({ ...spec, enableExternalLBAddress: false }), id)).toEqual([
    ['fail', expect.stringContaining('has enableExternalLBAddress off')],
  ])
  const open = await underlay({ ...spec, excludeIps: ['10.240.0.1'] })
  const { findings } = diagnosisOf(open, 'default/nginx-lb')
  expect(findings.find((one) => one.id === id)?.fix?.commands).toEqual([
    expect.stringMatching(
      /^kubectl patch subnet \S+ --type merge -p '\{"spec":\{"excludeIps":\["10\.240\.0\.1","10\.240\.0\.100\.\.[\d.]+"\]\}\}'$/,
    ),
  ])
  expect(found(open, id)).toEqual([['fail', expect.stringContaining('is not among its excludeIps')]])
})

test('without Kube-OVN, or in no subnet of it, there is nothing to say', async () => {
  const nothing = [['skipped', 'The VIP lies in no underlay subnet of Kube-OVN.']]
  expect(await foundIn('lan-healthy', id)).toEqual(nothing)
  expect(found(await kubeOvnCluster(), id)).toEqual(nothing)
})

test('KO-U03 an L2Advertisement that names the interface inside the OVS bridge', async () => {
  const wanted = (master: string) =>
    kubeOvnCluster({
      subnet: (subnet) => {
        Object.assign(subnet.spec, {
          cidrBlock: '10.240.0.0/24',
          gateway: '10.240.0.1',
          vlan: 'vlan-0',
          excludeIps: ['10.240.0.100..10.240.0.110'],
          enableExternalLBAddress: true,
        })
      },
      changes: {
        'kubernetes/l2advertisements.metallb.io.json': editJson((list: Json) => {
          list.items[0].spec = { ...list.items[0].spec, interfaces: ['eth0'] }
        }),
        'nodes/worker-0/ip-link.json': editJson((links: Json) => {
          links.find(({ ifname }: Json) => ifname === 'eth0').master = master
        }),
      },
    })
  expect(found(await wanted('ovs-system'), id)).toEqual([
    ['fail', expect.stringMatching(/names the interface eth0, which on worker-0 is a port of an OVS bridge/)],
  ])
  expect(found(await wanted('br0'), id)[0]?.[0]).toBe('pass')
})
