import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../answers.ts'
import { editJson, variant, type Change, type Json } from '../../fixtures.ts'
import { found, foundIn } from '../found.ts'

const id = 'endpoint/pod-not-listening'

/** lan-healthy whose nginx pods run in their nodes' network, with these sockets on both workers. */
const onTheNodes = (listen: Change) =>
  variant('lan-healthy', {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const pod of nginx(list)) pod.spec.hostNetwork = true
    }),
    'nodes/worker-0/ss-listen.txt': listen,
    'nodes/worker-1/ss-listen.txt': listen,
  })
const nginx = (list: Json): Json[] => list.items.filter(({ metadata }: Json) => metadata.name.startsWith('nginx-'))
const socket = (address: string) => `tcp LISTEN 0 511 ${address} 0.0.0.0:* users:(("nginx",pid=7,fd=6))\n`

test('a pod in its node’s network that listens on the target port', async () => {
  const [first, second] = found(await onTheNodes(socket('0.0.0.0:80')), id)
  expect(first).toEqual(['pass', expect.stringMatching(/^nginx listens on port 80 of worker-\d, for default\/nginx-/)])
  expect(second?.[0]).toBe('pass')
})

test('pods that listen on another port than the target port are the cause', async () => {
  const evidence = await onTheNodes(socket('0.0.0.0:8080'))
  expect(found(evidence, id)[0]).toEqual([
    'fail',
    expect.stringMatching(
      /^Nothing on worker-\d listens on tcp port 80 of [\d.]+, where the Service sends what is for default\/nginx-[\w-]+\.$/,
    ),
  ])
})

test('where one pod is all there is, it stops the packet', async () => {
  const evidence = await variant('etp-local', {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const pod of nginx(list)) pod.spec.hostNetwork = true
    }),
    'nodes/worker-0/ss-listen.txt': socket('127.0.0.1:80'),
  })
  expect(found(evidence, id)).toEqual([['fail', expect.stringMatching(/: nginx listens on 127\.0\.0\.1 only\.$/)]])
  expect(diagnosisOf(evidence, 'default/nginx-lb').causes.map((cause) => cause.id)).toEqual([id])
})

test('without the node’s sockets it is not known, and the verdict stands', async () => {
  const evidence = await onTheNodes(null)
  expect(found(evidence, id)[0]).toEqual(['unknown', expect.stringContaining('whether anything listens on port 80')])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('a target port by a name that no container has leaves the Service without endpoints', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.ports[0].targetPort = 'web'
    }),
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const pod of nginx(list)) pod.spec.containers[0].ports = [{ name: 'http', containerPort: 80 }]
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const slice of list.items)
        if (slice.metadata.labels?.['kubernetes.io/service-name'] === 'nginx-lb') slice.ports = null
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'Service default/nginx-lb sends to the port named web, and no container of its pods names a port so; they name http.',
    ],
  ])
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  const cause = causes.find((one) => one.id === id)
  expect(cause?.consequences.map((one) => one.id)).toContain('endpoint/ready')
})

test('of pods with a network of their own only what they declare is compared', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['skipped', expect.stringMatching(/^The sockets of pods with a network of their own are in no evidence/)],
  ])
  const evidence = await variant('lan-healthy', {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const pod of nginx(list)) pod.spec.containers[0].ports = [{ containerPort: 8080 }]
    }),
  })
  expect(found(evidence, id)).toEqual([
    ['warn', expect.stringMatching(/^The Service sends to port 80, and default\/nginx-[\w-]+ declares 8080 only;/)],
  ])
})
