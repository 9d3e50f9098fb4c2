import * as ec2 from '@aws-sdk/client-ec2'
import type { Cluster } from './cluster.ts'
import { bastion, far, hosts, nodes, outside, type Host } from './plan.ts'
import path from 'node:path'
import { run, sleep, tryRun, until, type Ran } from './run.ts'

// What faults are made with: the words of someone who works on the cluster.

export type ClientName = 'bastion' | 'far' | 'outside' | 'node' | 'pod'

export interface Lab extends Cluster {
  /** Runs a line on a node as root. @throws Error where it fails. */
  readonly on: (node: string, line: string) => Promise<string>
  /** Runs a line of the bastion's shell that must succeed. */
  readonly must: (line: string) => Promise<string>
  /** Ids of the account, by the name of the host or group. */
  readonly eni: (host: string) => Promise<string>
  readonly group: (name: string) => Promise<string>
  readonly routeTable: () => Promise<string>
  readonly subnet: (cidr: string) => Promise<string>
  readonly applied: (object: unknown) => Promise<string>
  /** The account and the objects as they were made. */
  readonly restore: () => Promise<void>
}

const manifests = path.join(process.cwd(), 'test/lab/cluster/manifests.yaml')

export function labOf(cluster: Cluster): Lab {
  const must = async (line: string): Promise<string> => {
    const { status, stdout, stderr } = await cluster.sh(line)
    if (status !== 0) throw new Error(`${line}: status ${String(status)}\n${stderr}${stdout}`)
    return stdout.trim()
  }
  // The real `aws` takes a second to start; to look up an id there is no need of it.
  const account = (): ec2.EC2Client => {
    if (cluster.account === null) throw new Error('a LAN is nobody’s account')
    return cluster.account.api
  }
  const filters = (Name: string, value: string) => ({ Filters: [{ Name, Values: [value] }] })
  const addressOf = (name: string): string => hosts.find((host) => host.name === name)?.address ?? name
  return {
    ...cluster,
    must,
    on: (node, line) => cluster.machine(node).sh(line),
    eni: async (host) => {
      const asked = new ec2.DescribeNetworkInterfacesCommand(filters('private-ip-address', addressOf(host)))
      return (await account().send(asked)).NetworkInterfaces?.[0]?.NetworkInterfaceId ?? ''
    },
    group: async (name) => {
      const asked = new ec2.DescribeSecurityGroupsCommand(filters('group-name', name))
      return (await account().send(asked)).SecurityGroups?.[0]?.GroupId ?? ''
    },
    routeTable: async () => {
      const asked = new ec2.DescribeRouteTablesCommand(filters('association.main', 'false'))
      return (await account().send(asked)).RouteTables?.[0]?.RouteTableId ?? ''
    },
    subnet: async (cidr) => {
      const asked = new ec2.DescribeSubnetsCommand(filters('cidr-block', cidr))
      return (await account().send(asked)).Subnets?.[0]?.SubnetId ?? ''
    },
    applied: (object) => cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object)),
    restore: async () => {
      await cluster.account?.restore()
      await removeOthers(cluster)
      await until('the webhook takes no objects', async () => {
        // What is gone is made first; most faults leave everything there.
        const replaced = await cluster.sh(`kubectl replace -f ${manifests}`)
        if (replaced.status === 0) return true
        await cluster.kubectl(['apply', '-f', manifests])
        return false
      })
      // Pods that still come and go would be part of the next fault.
      await must('kubectl rollout status deployment nginx --timeout=50s')
      await until('kube-proxy does not follow the pods', () => followed(cluster))
    },
  }
}

/** Whether kube-proxy of each node translates to just the pods that are ready: rules of before, or a change that is on its way, would be part of the next fault. */
async function followed({ kubectl, machine }: Cluster): Promise<boolean> {
  const ready = '{range .items[*].endpoints[?(@.conditions.ready==true)]}{.addresses[0]}{"\\n"}{end}'
  const slices = ['get', 'endpointslices', '-l', 'kubernetes.io/service-name=nginx-lb', '-o', `jsonpath=${ready}`]
  const rules = '(iptables-nft-save -t nat; iptables-legacy-save -t nat; nft list table ip kube-proxy) 2>/dev/null'
  const translated = String.raw`${rules} | grep -oE '(to-destination|dnat to) 10\.200\.[0-9.]+:80$' | grep -oE '10\.200\.[0-9.]+' | sort -u`
  const pods = lines(await kubectl(slices))
  const there = await Promise.all(nodes.map(({ name }) => machine(name).sh(`${translated}; true`)))
  return pods !== '' && there.every((text) => lines(text) === pods)
}

const lines = (text: string): string => text.trim().split('\n').sort().join(' ')

const own = new Set([
  ...['service/kubernetes', 'service/nginx-lb', 'deployment.apps/nginx', 'pod/client'],
  ...['ipaddresspool.metallb.io/first-pool', 'l2advertisement.metallb.io/first'],
])

/** Deletes what a fault, or the fix that was printed for it, has made. */
async function removeOthers({ kubectl }: Cluster): Promise<void> {
  const kinds = {
    default: 'service,deployment,networkpolicy,ipaddresspool',
    'metallb-system': 'ipaddresspool,l2advertisement,bgpadvertisement',
  }
  await Promise.all(
    Object.entries(kinds).map(async ([namespace, kind]) => {
      const names = (await kubectl(['-n', namespace, 'get', kind, '-o', 'name'])).split('\n')
      const others = names.filter((name) => name !== '' && !own.has(name))
      if (others.length > 0) await kubectl(['-n', namespace, 'delete', '--wait=false', ...others])
    }),
  )
}

/** What a client sees at an address: the truth that a verdict is held against. */
export interface Seen {
  readonly tries: number
  readonly connected: number
  /** curl's words on the last failure. */
  readonly words: string
}

/** The address, or name in the program's words, of a client. */
export function clientOf(name: ClientName): { readonly host: Host; readonly asked: string } {
  const worker = nodes.find((host) => host.name === 'worker-1') ?? bastion
  if (name === 'node') return { host: worker, asked: `node/${worker.name}` }
  if (name === 'pod') return { host: worker, asked: 'pod/default/client' }
  const host = { bastion, far, outside }[name]
  return { host, asked: host.address }
}

// An address that nobody answers ARP for is given up by the kernel after some three seconds.
const curl = ['-sS', '-o', '/dev/null', '-m', '4']

/** Connects `tries` times at once, each from a port of its own, and asks over HTTP. */
export async function connect(lab: Lab, client: ClientName, address: string, tries = 3): Promise<Seen> {
  const { host } = clientOf(client)
  const url = address.endsWith(':6443') ? ['-k', `https://${address}/version`] : [`http://${address}/`]
  const argv = [...curl, ...url]
  const within = client === 'pod' ? await inPod(lab) : ''
  const once = (): Promise<Ran> =>
    host === bastion ? tryRun('curl', argv) : lab.machine(host.name).trySh(`${within} curl ${argv.join(' ')}`)
  const ran = await Promise.all(Array.from({ length: tries }, once))
  const failed = ran.filter(({ status }) => status !== 0)
  return { tries, connected: tries - failed.length, words: failed.at(-1)?.stderr.trim() ?? '' }
}

/** Makes a client forget who has which address, as one that has not asked for the VIP lately. */
export async function forget(lab: Lab, client: ClientName): Promise<void> {
  const { host } = clientOf(client)
  if (host === bastion) await run('ip', ['neigh', 'flush', 'dev', 'eth0'])
  else await lab.on(host.name, 'ip neigh flush dev eth0')
}

async function inPod(lab: Lab): Promise<string> {
  const uid = await lab.must("kubectl get pod client -o jsonpath='{.metadata.uid}'")
  return `nsenter --net=/run/netns/cni-${uid}`
}

/** Waits until every try of the client connects, or none does; what it saw last. */
export async function settles(
  lab: Lab,
  client: ClientName,
  address: string,
  connects: boolean,
  seconds: number,
): Promise<Seen> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    // A connection that still gets through would keep the old answer alive.
    if (!connects) await forget(lab, client)
    const seen = await connect(lab, client, address)
    if (seen.connected === (connects ? seen.tries : 0) || Date.now() >= end) return seen
    await sleep(500)
  }
}

export const allConnected = ({ connected, tries }: Seen): boolean => connected === tries
