// A large cluster as a bundle: the recorded healthy one on a LAN, with as many Services, nodes and endpoints as asked. worker-0 has the
// rules of all Services; from the nodes that were added nothing was read, as where vipdoctor collects for one VIP.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { openArchive } from '../../dist/evidence/archive-store.js'
import { isGap } from '../../dist/evidence/gap.js'
import { sha256Start } from '../../dist/lb/metallb/sha256.js'
import { iptablesDump } from './iptables.js'
import { servicesOf } from './services.js'

const recording = new URL('../../fixtures/bundles/lan-healthy.tar.gz', import.meta.url).pathname

/** Writes the bundle and gives a VIP that worker-0 announces. */
export async function writeCluster(folder, { services, nodes, endpoints }) {
  const recorded = await openArchive(recording)
  copy(recorded, '', folder)
  const file = (kind) => path.join(folder, `kubernetes/${kind}.json`)
  const itemsOf = (kind) => JSON.parse(Buffer.from(recorded.read(`kubernetes/${kind}.json`)).toString()).items
  const write = (kind, items) => writeFileSync(file(kind), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const like = (object, name, more) => ({
    ...object,
    ...more,
    metadata: { ...object.metadata, name, uid: `00000000-0000-4000-8000-${name}`, ...more.metadata },
  })

  const ownNodes = itemsOf('nodes')
  const [template] = ownNodes.filter(({ metadata }) => metadata.name === 'worker-0')
  const added = Array.from({ length: nodes - ownNodes.length }, (_, n) => {
    const address = `10.240.${1 + (n >> 8)}.${n & 255}`
    const name = `node-${n}`
    const labels = { ...template.metadata.labels, 'kubernetes.io/hostname': name }
    const addresses = [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ]
    return like(template, name, { metadata: { labels }, status: { ...template.status, addresses } })
  })
  const allNodes = [template, ...ownNodes.filter((node) => node !== template), ...added]
  const nameOf = (n) => allNodes[n % allNodes.length].metadata.name
  write('nodes', allNodes)

  const made = servicesOf(services, Math.round(endpoints / services), nodes)
  const ownServices = itemsOf('services')
  const balanced = ownServices.find(({ spec }) => spec.type === 'LoadBalancer')
  const plain = (service) => service.name.split('/')[1]
  write('services', [
    ...ownServices.filter((service) => service !== balanced),
    ...made.map((service) =>
      like(balanced, plain(service), {
        spec: {
          ...balanced.spec,
          clusterIP: service.clusterIp,
          clusterIPs: [service.clusterIp],
          ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: service.nodePort }],
          selector: { app: plain(service) },
        },
        status: { loadBalancer: { ingress: [{ ip: service.vip, ipMode: 'VIP' }] } },
      }),
    ),
  ])

  const podName = (service, at) => `${plain(service)}-${at}`
  const slices = itemsOf('endpointslices.discovery.k8s.io')
  const ofBalanced = (slice) => slice.metadata.labels['kubernetes.io/service-name'] === balanced.metadata.name
  const slice = slices.find(ofBalanced)
  write('endpointslices.discovery.k8s.io', [
    ...slices.filter((one) => !ofBalanced(one)),
    ...made.map((service) =>
      like(slice, `${plain(service)}-abcde`, {
        metadata: { labels: { ...slice.metadata.labels, 'kubernetes.io/service-name': plain(service) } },
        endpoints: service.endpoints.map(({ address, node }, at) => ({
          addresses: [address],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: nameOf(node),
          targetRef: { kind: 'Pod', namespace: 'default', name: podName(service, at) },
        })),
        ports: [{ name: '', port: service.endpoints[0].port, protocol: 'TCP' }],
      }),
    ),
  ])

  const pods = itemsOf('pods')
  const speaker = pods.find(
    ({ metadata, spec }) => metadata.labels.component === 'speaker' && spec.nodeName === 'worker-0',
  )
  const web = pods.find(({ metadata }) => metadata.labels.app === 'nginx')
  write('pods', [
    ...pods.filter(({ metadata }) => metadata.labels.app !== 'nginx'),
    ...added.map(({ metadata: { name }, status: { addresses } }) => {
      const podIP = addresses[0].address
      const status = { ...speaker.status, hostIP: podIP, podIP, podIPs: [{ ip: podIP }] }
      return like(speaker, `speaker-${name}`, { metadata: {}, spec: { ...speaker.spec, nodeName: name }, status })
    }),
    ...made.flatMap((service) =>
      service.endpoints.map(({ address, node }, at) =>
        like(web, podName(service, at), {
          metadata: { labels: { app: plain(service) } },
          spec: { ...web.spec, nodeName: nameOf(node) },
          status: { ...web.status, podIP: address, podIPs: [{ ip: address }] },
        }),
      ),
    ),
  ])

  // Announced from where MetalLB's election has it.
  const names = allNodes.map(({ metadata }) => metadata.name)
  const elected = (vip) =>
    names
      .map((name) => [sha256Start(`${name}#${vip}`), name])
      .reduce((least, one) => (one[0] < least[0] ? one : least))[1]
  const announcers = made.map(({ vip }) => elected(vip))
  const [status] = itemsOf('servicel2statuses.metallb.io')
  write(
    'servicel2statuses.metallb.io',
    made.map((service, n) =>
      like(status, `l2-${n}`, {
        metadata: { labels: { ...status.metadata.labels, 'metallb.io/node': announcers[n] } },
        status: { ...status.status, node: announcers[n], serviceName: plain(service) },
      }),
    ),
  )
  const [pool] = itemsOf('ipaddresspools.metallb.io')
  const last = made.at(-1).vip
  write('ipaddresspools.metallb.io', [
    like(pool, pool.metadata.name, { metadata: {}, spec: { ...pool.spec, addresses: [`${made[0].vip}-${last}`] } }),
  ])

  // The recorded subnet has room for a hundred VIPs: here it is a /16.
  for (const { metadata } of ownNodes)
    for (const name of ['ip-addr.json', 'ip-route.json']) {
      const text = Buffer.from(recorded.read(`nodes/${metadata.name}/${name}`)).toString()
      const wider = text
        .replaceAll(/("local":"10\.240\.0\.\d+","prefixlen":)24/g, '$116')
        .replaceAll('"10.240.0.0/24"', '"10.240.0.0/16"')
      writeFileSync(path.join(folder, `nodes/${metadata.name}/${name}`), wider)
    }
  writeFileSync(path.join(folder, 'nodes/worker-0/iptables-nft-save.txt'), iptablesDump(made))
  return made[announcers.indexOf('worker-0')].vip
}

function copy(store, folder, to) {
  mkdirSync(path.join(to, folder), { recursive: true })
  for (const name of store.list(folder)) {
    const inside = folder === '' ? name : `${folder}/${name}`
    const bytes = store.read(inside)
    if (isGap(bytes)) copy(store, inside, to)
    else if (name !== 'truth.json') writeFileSync(path.join(to, inside), bytes)
  }
}
