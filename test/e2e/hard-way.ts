import type { NetworkInterface } from '@aws-sdk/client-ec2'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { isGap } from '../../src/evidence/gap.ts'
import { kubernetesFile, type KubernetesKindName } from '../../src/evidence/kubernetes/kinds.ts'
import { fixtureStore } from '../kit/fixtures.ts'
import { nodeScriptOutput } from '../kit/recorded-world.ts'
import { startCluster, type RealCluster } from './kube-apiserver.ts'
import { makeVpc } from './hard-way-vpc.ts'
import { region, startAccount, type Account } from './moto.ts'
import { tool } from './tools.ts'

// The cluster of the recording hard-way-healthy in the middle of its bootstrap: its objects in a real API server, its VPC made by calls of EC2,
// and what was recorded on its nodes. Nobody has given the Service an address yet, nobody owns one, and no pod behind it is ready.

export interface HardWay {
  readonly cluster: RealCluster
  readonly account: Account
  /** `--node-output` for every node. */
  readonly nodeOutputs: readonly string[]
  /** What MetalLB does as soon as it has a pool: the Service gets its address, and a speaker announces it. */
  readonly assignAddress: () => void
  /** `assign-private-ip-addresses` on the announcer's interface. */
  readonly ownAddress: () => Promise<void>
  /** The pods behind the Service become ready, and with them its endpoints. */
  readonly startPods: () => void
  /** The nodes' security group admits the Service's port no more. */
  readonly shutPort: () => Promise<void>
  readonly stop: () => void
}

type Item = Record<string, unknown> & {
  kind: string
  metadata: Record<string, unknown> & { name: string; namespace?: string }
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
}

const recording = 'hard-way-healthy'

/** In the order in which they can be created. */
const kinds = [
  'namespaces',
  'nodes',
  'services',
  'endpointslices',
  'ipaddresspools',
  'l2advertisements',
  'servicel2statuses',
  'leases',
  'deployments',
  'daemonsets',
  'configmaps',
  'pods',
] as const satisfies readonly KubernetesKindName[]

async function recordedObjects(): Promise<ReadonlyMap<KubernetesKindName, readonly Item[]>> {
  const store = await fixtureStore(recording)
  return new Map(
    kinds.map((kind) => {
      const bytes = store.read(kubernetesFile(kind))
      if (isGap(bytes)) throw new Error(`${recording} has no ${kind}`)
      const { items } = JSON.parse(Buffer.from(bytes).toString()) as { items: Item[] }
      return [kind, items.filter(({ metadata }) => !ofTheServer.has(metadata.name)).map(anew)]
    }),
  )
}

/** What an API server makes of itself. */
const ofTheServer = new Set(['kubernetes', 'kube-root-ca.crt'])

/** The object as somebody would create it: without what the API server that was recorded wrote into it. */
function anew({ metadata, ...rest }: Item): Item {
  const { name, namespace, labels, annotations, ownerReferences } = metadata
  return { ...rest, metadata: { name, ...without({ namespace, labels, annotations, ownerReferences }) } }
}

const without = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

export async function startHardWay(): Promise<HardWay> {
  const [cluster, account] = await Promise.all([startCluster(), startAccount()])
  const stop = (): void => {
    cluster.stop()
    account.stop()
  }
  try {
    const vpc = await makeVpc(account)
    const objects = await recordedObjects()
    const { assignAddress, startPods } = fill(cluster, objects, vpc.instances)
    return {
      cluster,
      account,
      nodeOutputs: await nodeOutputs(cluster.folder, vpc.macs),
      assignAddress,
      startPods,
      ownAddress: vpc.ownAddress,
      shutPort: vpc.shutPort,
      stop,
    }
  } catch (error) {
    stop()
    throw error
  }
}

/** Creates all but what the bootstrap has not come to yet. */
function fill(
  cluster: RealCluster,
  objects: ReadonlyMap<KubernetesKindName, readonly Item[]>,
  instances: ReadonlyMap<string, string>,
): Pick<HardWay, 'assignAddress' | 'startPods'> {
  const list = (items: readonly Item[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const apply = (items: readonly Item[]) => cluster.kubectl(['apply', '--validate=false', '-f', '-'], list(items))
  /** Writes what kubelet and the controllers write: an API server takes no status from whoever creates an object. */
  const tell = (items: readonly Item[]) => {
    const told = items.filter(({ status, kind }) => status !== undefined && kind !== 'Namespace')
    if (told.length > 0) cluster.kubectl(['replace', '--validate=false', '--subresource=status', '-f', '-'], list(told))
  }
  const create = (items: readonly Item[]) => {
    apply(items)
    tell(items)
  }
  const of = (kind: KubernetesKindName): readonly Item[] => objects.get(kind) ?? []
  const behind = (item: Item): boolean => item.metadata.namespace === 'default'
  const now = new Date().toISOString().replace('Z', '000Z')
  const late: readonly KubernetesKindName[] = ['ipaddresspools', 'l2advertisements', 'servicel2statuses']

  cluster.kubectl(['create', '-f', tool('metallb-crds'), '--recursive'])
  cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  apply(of('namespaces'))
  create(
    kinds
      .filter((kind) => kind !== 'namespaces' && !late.includes(kind))
      .flatMap((kind) => of(kind))
      .map((item) => {
        const { kind, metadata, spec } = item
        if (kind === 'Node')
          return { ...item, spec: { ...spec, providerID: `aws:///${region}a/${instances.get(metadata.name) ?? ''}` } }
        // These kubelets renew seldom: the story is told within an hour.
        if (kind === 'Lease') return { ...item, spec: { ...spec, renewTime: now, leaseDurationSeconds: 3600 } }
        if (kind === 'Service' && behind(item)) return { ...item, status: { loadBalancer: {} } }
        if (kind === 'EndpointSlice' && behind(item)) return { ...item, endpoints: notReady(item.endpoints) }
        if (kind === 'Pod' && behind(item))
          return { ...item, status: { ...item.status, conditions: notReady(item.status?.conditions) } }
        return item
      }),
  )
  return {
    assignAddress: () => {
      for (const kind of late) create(of(kind))
      tell(of('services').filter(behind))
    },
    startPods: () => {
      tell(of('pods').filter(behind))
      apply(of('endpointslices').filter(behind))
    },
  }
}

/** Endpoints, or conditions of a pod, before the pod answers its probe. */
function notReady(list: unknown): readonly unknown[] {
  return (list as readonly Record<string, unknown>[]).map((one) =>
    'addresses' in one
      ? { ...one, conditions: { ready: false, serving: false, terminating: false } }
      : { ...one, ...(String(one.type).endsWith('Ready') ? { status: 'False' } : {}) },
  )
}

/** What was recorded on the nodes, whose links have the MACs of this account's interfaces. */
async function nodeOutputs(folder: string, macs: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const store = await fixtureStore(recording)
  const interfaces = store.read('aws/describe-network-interfaces.json')
  if (isGap(interfaces)) throw new Error(interfaces.reason)
  const recorded = JSON.parse(Buffer.from(interfaces).toString()) as { NetworkInterfaces: NetworkInterface[] }
  const renamed = recorded.NetworkInterfaces.flatMap(({ MacAddress = '', PrivateIpAddress = '' }) => {
    const mac = macs.get(PrivateIpAddress)
    return mac === undefined ? [] : [[MacAddress, mac] as const]
  })
  return store.list('nodes').map((node) => {
    const file = path.join(folder, `${node}.out`)
    writeFileSync(
      file,
      renamed.reduce((text, [old, mac]) => text.replaceAll(old, mac), nodeScriptOutput(store, node)),
    )
    return `--node-output=${node}=${file}`
  })
}
