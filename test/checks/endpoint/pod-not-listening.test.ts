import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { known } from '../../../src/evidence/gap.ts'
import { editJson, fixture, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

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

/** The network namespaces of each worker's pods as pod-listen.txt shows them: those of these addresses, with these sockets. */
const namespaces = async (sockets: readonly string[]): Promise<Readonly<Record<string, Change>>> => {
  const pods = known((await fixture('lan-healthy')).kubernetes.pods) ?? []
  const blocks = (node: string) =>
    pods
      .filter(({ metadata, spec }) => metadata?.name?.startsWith('nginx-') === true && spec?.nodeName === node)
      .flatMap(({ status }, index) => [`pid ${String(100 + index)}`, `address ${status?.podIP ?? ''}`, ...sockets])
  return Object.fromEntries(
    ['worker-0', 'worker-1'].map((node) => [`nodes/${node}/pod-listen.txt`, `${blocks(node).join('\n')}\n`]),
  )
}
const withSockets = async (...sockets: string[]) => variant('lan-healthy', await namespaces(sockets))

test('pods whose network namespaces listen on the target port', async () => {
  for (const socket of ['tcp 0.0.0.0:80', 'tcp [::]:80'])
    expect(found(await withSockets('udp 0.0.0.0:53', socket), id)).toEqual([['pass', '2 pods listen on tcp port 80.']])
})

test('pods that listen on loopback only are the cause', async () => {
  const evidence = await withSockets('tcp 127.0.0.1:80', 'tcp [0000:0000:0000:0000:0000:0000:0000:0001]:80')
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^Nothing in default\/nginx-\S+ listens on tcp port 80 of 10\.200\.\d\.\d+, where the Service sends: the pod listens on loopback only \(127\.0\.0\.1:80\)\. The same holds for 1 other pod of the Service\.$/,
      ),
    ],
  ])
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map((cause) => cause.id)).toEqual([id])
  expect(causes[0]?.look).toEqual([expect.stringMatching(/^kubectl -n default exec nginx-\S+ -- ss -lntu$/)])
})

test('pods that listen on another port are the cause, and the patch names it', async () => {
  const evidence = await withSockets('tcp 0.0.0.0:8080', 'udp 0.0.0.0:80')
  const [cause] = diagnosisOf(evidence, 'default/nginx-lb').causes
  expect(cause?.says).toMatch(/: the pod listens on tcp port 8080\. The same holds for 1 other pod of the Service\.$/)
  expect(cause?.fix?.commands).toEqual([
    `kubectl -n default patch service nginx-lb --type=json -p '[{"op":"replace","path":"/spec/ports/0/targetPort","value":8080}]'`,
  ])
})

test('one pod of two that does not listen loses a part of the packets', async () => {
  const changes = await namespaces(['tcp 0.0.0.0:80'])
  const evidence = await variant('lan-healthy', {
    ...changes,
    'nodes/worker-1/pod-listen.txt': String(changes['nodes/worker-1/pod-listen.txt']).replace('tcp 0.0.0.0:80\n', ''),
  })
  expect(found(evidence, id)).toContainEqual(['fail', expect.stringMatching(/: the pod listens on no tcp port\.$/)])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
})

test('sockets that the node’s kernel may not see are not judged', async () => {
  const skips = [['skipped', expect.stringMatching(/are in no evidence/)]]
  expect(found(await withSockets('tcp 0.0.0.0:8080', 'more'), id)).toEqual(skips)
  expect(found(await withSockets('tcp 0.0.0.0:8080', 'tcp 0.0.0.0:15006'), id)).toEqual(skips)
  const changes = await namespaces([])
  const ofPods = (edit: (pod: Json) => void) =>
    variant('lan-healthy', {
      ...changes,
      'kubernetes/pods.json': editJson((list: Json) => {
        for (const pod of nginx(list)) edit(pod)
      }),
    })
  const virtual = await ofPods((pod) => (pod.spec.runtimeClassName = 'kata'))
  expect(found(virtual, id)).toEqual(skips)
  const probed = await ofPods((pod) => (pod.spec.containers[0].readinessProbe = { httpGet: { port: 80 } }))
  expect(found(probed, id)).toEqual(skips)
})

/** lan-healthy whose Service sends to the port named web, and whose pods name these ports. */
const named = (...ports: readonly (readonly Json[])[]) =>
  variant('lan-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.ports[0].targetPort = 'web'
    }),
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const [index, pod] of nginx(list).entries()) pod.spec.containers[0].ports = ports[index % ports.length]
    }),
  })

test('a target port by name that one of the pods lacks keeps that pod out', async () => {
  expect(
    found(await named([{ name: 'web', containerPort: 80 }], [{ name: 'http', containerPort: 80 }]), id),
  ).toContainEqual([
    'warn',
    expect.stringMatching(
      /^Service default\/nginx-lb sends to the port named web, and 1 pod of 2 that it selects has no port of this name \(default\/nginx-\S+\); they name http: nothing is sent to it\.$/,
    ),
  ])
})

test('a port of the right name at another protocol is none', async () => {
  expect(found(await named([{ name: 'web', containerPort: 80, protocol: 'UDP' }]), id)).toEqual([
    [
      'fail',
      'Service default/nginx-lb sends to the port named web, and no container of its pods names a TCP port so; the port of this name is UDP there, and the Service’s is TCP.',
    ],
  ])
})

test('the same name at another number in each pod works', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.ports[0].targetPort = 'web'
    }),
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const [index, pod] of nginx(list).entries())
        pod.spec.containers[0].ports = [{ name: 'web', containerPort: [8080, 80][index] }]
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      const slice = list.items.find(
        ({ metadata }: Json) => metadata.labels?.['kubernetes.io/service-name'] === 'nginx-lb',
      )
      const other = structuredClone(slice)
      const second = slice.endpoints.pop()
      other.metadata.name = `${String(slice.metadata.name)}-8080`
      other.endpoints = [second]
      other.ports[0].port = 8080
      list.items.push(other)
    }),
  })
  expect(found(evidence, id)).toEqual([['skipped', expect.stringContaining('fits the target port')]])
})
