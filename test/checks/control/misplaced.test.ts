import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { peer } from '../../kit/bgp.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { oldMetallb, layer2 } from '../../kit/old-metallb.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'control/misplaced'

test('all objects in the namespace of MetalLB', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([['pass', '2 objects of MetalLB, all in metallb-system.']])
})

test('a pool and a peer that stand elsewhere are named, and moved', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/ipaddresspools.metallb.io.json': editJson((list: Json) => {
      const copy = structuredClone(list.items[0])
      copy.metadata = { name: 'second', namespace: 'kube-system' }
      copy.spec.addresses = ['10.240.0.120-10.240.0.130']
      list.items.push(copy)
    }),
    'kubernetes/bgppeers.metallb.io.json': JSON.stringify({
      items: [{ ...peer('router', '10.240.0.1'), metadata: { name: 'router', namespace: 'default' } }],
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'IPAddressPool kube-system/second and BGPPeer default/router stand in another namespace than metallb-system: MetalLB reads nothing there, and says nothing of it.',
    ],
  ])
  const { findings, verdict } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(verdict).toBe('reachable')
  expect(findings.find((finding) => finding.id === id)?.fix?.commands.slice(0, 2)).toEqual([
    `kubectl -n kube-system get ipaddresspools.metallb.io second -o json | jq '.metadata = {name: .metadata.name, namespace: "metallb-system"} | del(.status)' | kubectl apply -f -`,
    'kubectl -n kube-system delete ipaddresspools.metallb.io second',
  ])
})

test('a listing that could not be read is not a pass; a MetalLB of before 0.13 has no objects', async () => {
  const evidence = await variant('lan-healthy', { 'kubernetes/bgppeers.metallb.io.json': '{' })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
  expect(found(await oldMetallb(layer2), id)[0]?.[0]).toBe('skipped')
})
