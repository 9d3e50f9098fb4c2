import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../kit/fixtures.ts'
import { withoutMetallbAnd } from '../kit/other-systems.ts'

const list = (...items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
const configuration = {
  'kubernetes/bgpconfigurations.crd.projectcalico.org.json': list({
    metadata: { name: 'default' },
    spec: { serviceLoadBalancerIPs: [{ cidr: '10.240.0.96/27' }] },
  }),
}
const peers = (...items: readonly object[]) => ({ 'kubernetes/bgppeers.crd.projectcalico.org.json': list(...items) })
const router = { metadata: { name: 'router' }, spec: { peerIP: '10.240.0.1' } }
const blackhole = {
  'nodes/worker-0/ip-route.json': editJson((routes: Json) => {
    routes.push({ type: 'blackhole', dst: '10.240.0.96/27', protocol: 'bird', flags: [] })
  }),
}

/** MetalLB's controller alone gives addresses, and Calico runs on every node. */
const controllerOnly = (files: Readonly<Record<string, Change>>) =>
  variant('lan-healthy', {
    'kubernetes/pods.json': editJson((pods: Json) => {
      pods.items = pods.items.filter(({ metadata }: Json) => metadata.labels?.component !== 'speaker')
      for (const node of ['controller-0', 'controller-1', 'worker-0', 'worker-1'])
        pods.items.push({
          metadata: { name: `calico-node-${node}`, namespace: 'kube-system' },
          spec: { nodeName: node, containers: [{ name: 'calico-node', image: 'docker.io/calico/node:v3.30.0' }] },
          status: { phase: 'Running' },
        })
    }),
    'kubernetes/l2advertisements.metallb.io.json': list(),
    'kubernetes/servicel2statuses.metallb.io.json': list(),
    ...files,
  })

test.each<[string, Readonly<Record<string, Change>>, string]>([
  ['its BGPConfiguration', configuration, 'BGPConfiguration default announces 10.240.0.96/27'],
  ['the route of BIRD', blackhole, 'BIRD on worker-0 keeps a blackhole route for 10.240.0.96/27'],
])('MetalLB without speakers is no fault where %s shows that Calico announces', async (_, files, why) => {
  const { verdict, causes, findings } = diagnosisOf(
    await controllerOnly({ ...files, ...peers(router) }),
    'default/nginx-lb',
    '192.0.2.7',
  )
  expect([verdict, causes]).toEqual(['inconclusive', []])
  expect(findings.find(({ id }) => id === 'announcement/other-announcer')).toMatchObject({
    status: 'unknown',
    says: `Calico serves the Service, since ${why}; whether it announces 10.240.0.100, and from where, is not in the evidence.`,
  })
  expect(findings.find(({ id }) => id === 'assignment/other-controller')).toMatchObject({
    status: 'pass',
    says: `Calico announces the address that another gave to Service default/nginx-lb: ${why}.`,
  })
  expect(findings.find(({ id }) => id === 'control/speaker')?.says).toBe('Calico serves this Service.')
})

test('without a BGPPeer only the nodes learn of it', async () => {
  const { causes } = diagnosisOf(await controllerOnly({ ...configuration, ...peers() }), 'default/nginx-lb')
  expect([causes[0]?.id, causes[0]?.says]).toEqual([
    'announcement/other-announcer',
    'Calico takes in no packet for 10.240.0.100: there is no BGPPeer, so that its nodes tell the range to each other alone.',
  ])
})

test('with speakers MetalLB announces, and a range that does not hold the address is none of its own', async () => {
  const both = await variant('lan-healthy', { ...configuration, ...peers(router) })
  expect(diagnosisOf(both, 'default/nginx-lb').verdict).toBe('reachable')
  const elsewhere = await withoutMetallbAnd(() => undefined, {
    'kubernetes/bgpconfigurations.crd.projectcalico.org.json': list({
      metadata: { name: 'default' },
      spec: { serviceLoadBalancerIPs: [{ cidr: '192.0.2.0/24' }] },
    }),
  })
  expect(
    diagnosisOf(elsewhere, 'default/nginx-lb').findings.find(({ id }) => id === 'announcement/other-announcer')?.reason,
  ).toBe('no-known-announcer')
})
