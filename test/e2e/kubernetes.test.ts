import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { checks } from '../../src/checks/index.ts'
import { openCluster } from '../../src/collect/kubernetes/cluster.ts'
import { readCluster } from '../../src/collect/kubernetes/read-cluster.ts'
import { clusterRole } from '../../src/collect/policy.ts'
import { wantedBy } from '../../src/collect/wanted.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { kubernetesFile, kubernetesKinds, type KubernetesKindName } from '../../src/evidence/kubernetes/kinds.ts'
import { fixtureStore } from '../kit/fixtures.ts'
import { hasEtcd, startCluster, type RealCluster } from './kube-apiserver.ts'
import { hasTool, tool } from './tools.ts'
import { testNeeding } from '../kit/needing.ts'

// Without Go's parts or etcd this suite cannot run; scripts/e2e-tools has said so in a line.
const ready = hasTool('kube-apiserver') && hasTool('kubectl') && hasEtcd()
const where = testNeeding(tool('kube-apiserver'), tool('kubectl'), 'etcd')

interface Report {
  readonly diagnoses: readonly {
    readonly vip: string | null
    readonly verdict: string
    readonly causes: readonly { readonly id: string }[]
    readonly findings: readonly { readonly id: string; readonly status: string; readonly subject: string }[]
  }[]
}

type Item = Record<string, unknown> & { metadata: Record<string, unknown> }

const kinds = Object.keys(kubernetesKinds) as KubernetesKindName[]
const signal = new AbortController().signal
const bin = path.join(import.meta.dirname, '../../bin/run.js')
const installed = [
  'ipaddresspools',
  'l2advertisements',
  'bgpadvertisements',
  'bgppeers',
  'bfdprofiles',
  'communities',
  'servicel2statuses',
  'servicebgpstatuses',
  'configurationstates',
]
let cluster: RealCluster

async function collect(kubeconfig: string, asked: readonly KubernetesKindName[] = kinds) {
  const open = await openCluster({ kubeconfigs: [kubeconfig], context: null }, { signal, timeoutMs: 10_000 })
  const { files, gaps } = await readCluster(open, {
    kinds: asked,
    signal,
    progress: () => undefined,
    onNodes: () => undefined,
  })
  open.close()
  return {
    files,
    gaps,
    items: (name: KubernetesKindName) =>
      (JSON.parse(Buffer.from(files.get(kubernetesFile(name)) ?? []).toString()) as { items: Item[] }).items,
  }
}

const kubectlList = (name: KubernetesKindName): { items: Item[] } => {
  const { plural, group } = kubernetesKinds[name]
  return JSON.parse(cluster.kubectl(['get', group === '' ? plural : `${plural}.${group}`, '-A', '-o', 'json'])) as {
    items: Item[]
  }
}

/** The recorded objects of a kind, ready to be created anew. */
async function recorded(name: KubernetesKindName): Promise<Item[]> {
  const bytes = (await fixtureStore('hard-way-l2')).read(kubernetesFile(name))
  if (isGap(bytes)) return []
  return (JSON.parse(Buffer.from(bytes).toString()) as { items: Item[] }).items.map((item) => {
    const { name: named, namespace, labels, annotations } = item.metadata
    return { ...item, metadata: { name: named, namespace, labels, annotations } }
  })
}

beforeAll(async () => {
  if (!ready) return
  cluster = await startCluster()
  cluster.kubectl(['create', '-f', tool('metallb-crds'), '--recursive'])
  cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  const create = (items: readonly unknown[]) =>
    cluster.kubectl(['apply', '--validate=false', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  create([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'metallb-system' } }])
  for (const name of [
    'nodes',
    'services',
    'endpointslices',
    'ipaddresspools',
    'l2advertisements',
    'leases',
    'deployments',
    'daemonsets',
    'configmaps',
    'pods',
  ] as const) {
    const items = (await recorded(name)).filter(
      ({ metadata }) =>
        !['kubernetes', 'kube-root-ca.crt'].includes(String(metadata.name)) &&
        ['default', 'metallb-system', 'kube-system', undefined].includes(metadata.namespace as string | undefined),
    )
    if (items.length > 0) create(items)
  }
  // A status is written apart, as MetalLB's controller does.
  const status = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: '10.240.0.100' }] } } })
  cluster.kubectl(['patch', 'service', 'nginx-lb', '--subresource=status', '--type=merge', '-p', status])
  // More than one page of 500.
  create(
    Array.from({ length: 620 }, (_, n) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `many-${String(n)}`, namespace: 'default' },
      spec: { clusterIP: 'None', ports: [{ port: 80 }] },
    })),
  )
}, 300_000)

afterAll(() => {
  if (ready) cluster.stop()
})

/** What of an object is the same in both readings. */
const comparable: Partial<Record<KubernetesKindName, (item: Item) => Item>> = {
  // ConfigMaps that no check reads come without their data.
  configmaps: (item) => ({ ...item, data: undefined }),
  // The API server renews its own Lease every ten seconds, perhaps between the two readings.
  leases: (item) => ({
    ...item,
    metadata: { ...item.metadata, resourceVersion: undefined, managedFields: undefined },
    spec: { ...(item.spec as Record<string, unknown>), renewTime: undefined },
  }),
}

where('what is collected is what kubectl prints, kind by kind', async () => {
  const { gaps, items, files } = await collect(cluster.kubeconfigOf('admin'))
  expect([...gaps]).toEqual([])
  for (const name of kinds) {
    if (kubernetesKinds[name].custom && !installed.includes(name)) {
      expect([name, files.has(kubernetesFile(name))]).toEqual([name, false])
      continue
    }
    // Of annotations those are kept that a check reads; each is as kubectl prints it.
    const printed = kubectlList(name).items
    for (const [at, { metadata }] of items(name).entries())
      expect(printed[at]?.metadata.annotations ?? {}).toMatchObject(metadata.annotations ?? {})
    const bare = (item: Item): Item => ({ ...item, metadata: { ...item.metadata, annotations: undefined } })
    const same = (item: Item) => bare(comparable[name]?.(item) ?? item)
    const [wanted, got] = [printed.map(same), items(name).map(same)]
    if (!['pods', 'daemonsets', 'deployments'].includes(name)) expect(got).toEqual(wanted)
    else expect(got.map(({ metadata }) => metadata)).toEqual(wanted.map(({ metadata }) => metadata))
  }
  expect(items('services').length).toBeGreaterThan(620)
  expect(items('ipaddresspools').length).toBeGreaterThan(0)
})

where('nothing of it was a write', () => {
  expect(cluster.writes()).toEqual([])
})

where('a user without rights gets a gap for every kind that says which rule is missing', async () => {
  const { files, gaps } = await collect(cluster.kubeconfigOf('reader'), [
    'services',
    'endpointslices',
    'ipaddresspools',
  ])
  expect([...files.keys()]).toEqual(['kubernetes/version.json'])
  expect(gaps.get('kubernetes/ipaddresspools.metallb.io.json')).toBe(
    'listing ipaddresspools in the whole cluster is forbidden (403); the ClusterRole rule is {apiGroups: ["metallb.io"], resources: ["ipaddresspools"], verbs: ["list"]}',
  )
})

where('with the printed policy nothing is forbidden', async () => {
  const wanted = wantedBy([...checks, { needs: [], alsoReads: kinds.map((name) => `kubernetes/${name}` as const) }], {
    internet: false,
  }).kubernetes
  cluster.kubectl(['apply', '-f', '-'], clusterRole(wanted))
  cluster.kubectl(['create', 'clusterrolebinding', 'vipdoctor', '--clusterrole=vipdoctor', '--user=reader'])
  await new Promise((resolve) => setTimeout(resolve, 1_000)) // the authoriser hears of a binding by a watch
  const { gaps } = await collect(cluster.kubeconfigOf('reader'), wanted)
  expect([...gaps]).toEqual([])
  const can = JSON.parse(cluster.kubectl(['get', 'clusterrole', 'vipdoctor', '-o', 'json'])) as {
    rules: { verbs: string[]; resources: string[] }[]
  }
  expect(new Set(can.rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list']))
  expect(can.rules.flatMap(({ resources }) => resources)).not.toContain('secrets')
})

describe('the built program', () => {
  const vipdoctor = (...argv: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: cluster.folder, KUBECONFIG: cluster.kubeconfigOf('admin') },
    })
    return { status, stdout, stderr }
  }
  const summary = (json: string) =>
    (JSON.parse(json) as Report).diagnoses.map(({ vip, verdict, causes, findings }) => ({
      vip,
      verdict,
      causes: causes.map(({ id }) => id),
      findings: findings.map(({ id, status, subject }) => `${id} ${status} ${subject}`),
    }))
  const live = ['check', '--fabric', 'lan', '--quiet']

  where.each(['json', 'text'])('prints the same %s of the cluster and of the bundle that it saved of it', (output) => {
    const saved = path.join(cluster.folder, `${output}.tar.gz`)
    const one = vipdoctor(...live, '--output', output, '--save-bundle', saved)
    expect(one.stderr).toBe('')
    expect(one.stdout).toContain('10.240.0.100')
    expect(vipdoctor('check', '--fabric', 'lan', '--output', output, '--bundle', saved)).toEqual(one)
  })

  where('says the same of two readings, and of what collect wrote', () => {
    const bundle = path.join(cluster.folder, 'collected.tar.gz')
    expect(vipdoctor('collect', '-o', bundle, '--fabric', 'lan', '--quiet').status).toBe(0)
    const [one, two, three] = [
      vipdoctor(...live, '--output', 'json'),
      vipdoctor(...live, '--output', 'json'),
      vipdoctor('check', '--fabric', 'lan', '--output', 'json', '--bundle', bundle),
    ].map(({ stdout }) => summary(stdout))
    expect(one?.length).toBeGreaterThan(0)
    expect(two).toEqual(one)
    expect(three).toEqual(one)
  })

  where('creates and changes nothing', () => {
    expect(cluster.writes()).toEqual([])
  })
})

where('a client certificate and an exec plugin are credentials too', async () => {
  const at = (name: string) => path.join(cluster.folder, name)
  const openssl = (...argv: string[]) => execFileSync('openssl', argv, { stdio: 'pipe' })
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    at('me.key'),
    '-out',
    at('me.csr'),
    '-subj',
    '/O=system:masters/CN=me',
  )
  openssl(
    'x509',
    '-req',
    '-in',
    at('me.csr'),
    '-CA',
    cluster.ca,
    '-CAkey',
    at('api-ca.key'),
    '-days',
    '2',
    '-out',
    at('me.crt'),
  )
  const base = readFileSync(cluster.kubeconfigOf('admin'), 'utf8')
  writeFileSync(
    at('cert.kubeconfig'),
    base.replace('{token: "admin-token"}', `{client-certificate: "${at('me.crt')}", client-key: "${at('me.key')}"}`),
  )
  writeFileSync(
    at('plugin'),
    `#!/bin/sh\necho '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"admin-token"}}'\n`,
  )
  chmodSync(at('plugin'), 0o755)
  writeFileSync(
    at('exec.kubeconfig'),
    base.replace(
      '{token: "admin-token"}',
      `{exec: {apiVersion: client.authentication.k8s.io/v1, command: "${at('plugin')}", interactiveMode: Never}}`,
    ),
  )
  for (const kubeconfig of ['cert.kubeconfig', 'exec.kubeconfig']) {
    const { gaps, items } = await collect(at(kubeconfig), ['nodes'])
    expect([...gaps]).toEqual([])
    expect(items('nodes').length).toBe(4)
  }
})
