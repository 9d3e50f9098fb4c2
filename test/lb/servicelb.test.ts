import { describe, expect, test } from '@jest/globals'
import path from 'node:path'
import { openArchive } from '../../src/evidence/archive-store.ts'
import { evidenceOf, type Evidence } from '../../src/evidence/evidence.ts'
import { readManifest } from '../../src/evidence/manifest.ts'
import { diagnosisOf, judge } from '../kit/answers.ts'
import { changedStore, editJson, fixtureStore, variant, type Change, type Json } from '../kit/fixtures.ts'
import { also, withoutMetallbAnd } from '../kit/other-systems.ts'
import { nodeAddresses, statusOfNodes, svclb, svclbOnAll } from '../kit/service-lb.ts'

const causeOf = (evidence: Evidence, target = 'default/nginx-lb') => {
  const [cause] = diagnosisOf(evidence, target).causes
  return [cause?.id, cause?.says]
}

describe('a pending Service of ServiceLB', () => {
  const pending = (edit: (service: Json) => void, files: Readonly<Record<string, Change>>) =>
    withoutMetallbAnd((service) => {
      service.status = { loadBalancer: {} }
      edit(service)
    }, files)
  const nothing = () => undefined

  test('waits for a port that is taken, in the words of the scheduler', async () => {
    const waits =
      "0/4 nodes are available: 4 node(s) didn't have free ports for the requested pod ports. preemption: 0/4 nodes are available: 4 No preemption victims found for incoming pod."
    const evidence = await pending(nothing, { 'kubernetes/pods.json': also(svclb({ waits })) })
    expect(causeOf(evidence)).toEqual([
      'assignment/vip-assigned',
      "k3s ServiceLB has no address for Service default/nginx-lb: 1 pod of it waits for a node (0/4 nodes are available: 4 node(s) didn't have free ports for the requested pod ports).",
    ])
  })

  test.each([
    ['another Service', svclb({ node: 'worker-0' }, 'web'), 'Service default/web has port 80 there'],
    [
      'a pod with a hostPort of its own',
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'proxy', namespace: 'edge' },
        spec: { nodeName: 'worker-0', containers: [{ name: 'proxy', ports: [{ containerPort: 8080, hostPort: 80 }] }] },
        status: { phase: 'Running' },
      },
      'pod edge/proxy has port 80 there',
    ],
  ])('names who has the port: %s', async (_, other, who) => {
    const waits = "0/4 nodes are available: 4 node(s) didn't have free ports for the requested pod ports."
    const evidence = await pending(nothing, { 'kubernetes/pods.json': also(svclb({ waits }), other) })
    expect(causeOf(evidence)[1]).toContain(`requested pod ports); ${who}.`)
  })

  test('has no pod where a label leaves no node to it', async () => {
    const { metadata } = svclb({ node: 'worker-0' })
    const evidence = await pending(nothing, {
      'kubernetes/daemonsets.apps.json': also({ metadata }),
      'kubernetes/nodes.json': editJson((list: Json) => {
        list.items[0].metadata.labels['svccontroller.k3s.cattle.io/enablelb'] = 'false'
      }),
    })
    expect(causeOf(evidence)[1]).toBe(
      'k3s ServiceLB has no address for Service default/nginx-lb: none of its pods has a node, and only nodes with the label svccontroller.k3s.cattle.io/enablelb=true may have one.',
    )
  })

  test('with Local, has pods only where no endpoint is', async () => {
    const evidence = await pending(
      ({ spec }) => {
        spec.externalTrafficPolicy = 'Local'
      },
      { 'kubernetes/pods.json': also(svclb({ node: 'controller-0' })) },
    )
    expect(causeOf(evidence)[1]).toBe(
      'k3s ServiceLB has no address for Service default/nginx-lb: externalTrafficPolicy is Local, and no ready endpoint of the Service is on controller-0, where its pods run.',
    )
  })
})

describe('ServiceLB beside MetalLB', () => {
  const beside = (annotations: Readonly<Record<string, string>>) =>
    variant('lan-healthy', {
      'kubernetes/pods.json': editJson((list: Json) => list.items.push(...svclbOnAll)),
      'kubernetes/servicel2statuses.metallb.io.json': null,
      'kubernetes/services.json': editJson((list: Json) => {
        const service = list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb')
        service.metadata.annotations = annotations
        service.status = statusOfNodes
      }),
    })

  test.each([
    ['that a Service asks for', { 'metallb.io/loadBalancerIPs': '10.240.0.100' }],
    ['that a pool holds, and MetalLB had given', { 'metallb.io/ip-allocated-from-pool': 'first-pool' }],
    ['that a pool holds', {}],
  ])('is the cause for an address %s', async (_, annotations) => {
    const { verdict, causes } = diagnosisOf(await beside(annotations), '10.240.0.100')
    expect([verdict, causes.map(({ id, says }) => [id, says])]).toEqual([
      'unreachable',
      [
        [
          'assignment/other-controller',
          'Service default/nginx-lb does not have the address that was asked for: k3s ServiceLB serves it too, since it runs kube-system/svclb-nginx-lb-5f8c-controller-0 for it, and has written 10.240.0.10, 10.240.0.11, 10.240.0.20 and 10.240.0.21 into its status.',
        ],
      ],
    ])
    expect(causes[0]?.consequences.map(({ id }) => id)).toEqual(['assignment/vip-assigned'])
    expect(causes[0]?.fix?.commands.slice(-1)).toEqual(['ssh controller-1 sudo systemctl restart k3s'])
  })

  test('the addresses of the nodes are ServiceLB’s, and MetalLB’s checks say nothing of them', async () => {
    const evidence = await beside({ 'metallb.io/ip-allocated-from-pool': 'first-pool' })
    const { findings } = diagnosisOf(evidence, '10.240.0.20')
    const of = (id: string) => findings.find((finding) => finding.id === id)
    expect(of('announcement/l2-advertisement')).toMatchObject({
      status: 'skipped',
      says: 'k3s ServiceLB serves this Service.',
    })
    expect(of('assignment/other-controller')?.status).toBe('warn')
  })
})

test('a healthy k3s with ServiceLB is reachable at each address of its nodes', async () => {
  const wild = path.join(import.meta.dirname, '../../fixtures/wild/lan-30-k3s-plain-servicelb.tar.gz')
  // The report has no native rules; those of the recording it was made from hold none but iptables' own.
  const recorded = await fixtureStore('lan-healthy')
  const native = Object.keys(nodeAddresses).map((node) => {
    const file = `nodes/${node}/nft-ruleset.json`
    return [file, recorded.read(file) as Uint8Array] as const
  })
  const store = changedStore(await openArchive(wild), Object.fromEntries(native))
  const { verdict, diagnoses } = judge(evidenceOf(store, readManifest(store, wild)), [])
  expect([verdict, diagnoses.map(({ question }) => question.vip?.text)]).toEqual([
    'reachable',
    Object.values(nodeAddresses),
  ])
  const wrong = diagnoses.flatMap(({ findings }) => findings.filter(({ status }) => ['fail', 'warn'].includes(status)))
  // The dump was made by hand and has three rules more than the counter of kube-proxy.
  expect([...new Set(wrong.map(({ id }) => id))]).toEqual(['translation/rules-complete'])
})
