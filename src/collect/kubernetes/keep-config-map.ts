import { isGap } from '../../evidence/gap.ts'
import { parseJson } from '../../evidence/json.ts'
import { flannelNetwork } from '../../evidence/kubernetes/networks.ts'
import { keptOldConfig } from '../keep/old-metallb.ts'
import { pruned, type Json, type JsonObject } from '../keep/prune.ts'
import { keptProxyConfig } from '../keep/proxy-config.ts'

/**
 * What is kept of a ConfigMap: the keys that a check reads, where it reads them, and of their texts what it reads in them. A configuration of
 * MetalLB up to 0.12 (key `config`) is kept wherever it is installed.
 */
export function keptConfigMap(object: JsonObject): JsonObject {
  const { data, ...rest } = object
  if (!isObject(data)) return rest
  const { metadata } = object
  const name = isObject(metadata) ? text(metadata.name) : ''
  const entries = Object.entries(data).flatMap(([key, value]): [string, Json][] => {
    const kept = typeof value === 'string' ? keptValue(name, key, value) : null
    return kept === null ? [] : [[key, kept]]
  })
  return entries.length === 0 && !known.has(name) ? rest : { ...rest, data: Object.fromEntries(entries) }
}

/** ConfigMaps of which it is known what they say when a key is not there. */
const known: ReadonlySet<string> = new Set(['kube-proxy', 'kubevip', 'cilium-config', 'antrea-config'])

function keptValue(name: string, key: string, value: string): string | null {
  if (key === 'config' && isMetallbs(value)) return keptOldConfig(value)
  if (name === 'kube-proxy') return key === 'config.conf' ? keptProxyConfig(value) : null
  if (name === 'kubevip')
    return isPool(key) && /^[\da-fA-F:.,/\s-]*$|^(?:true|false|asc|desc)$/.test(value) ? value : null
  if (name === 'cilium-config' && key === 'devices') return /^[\w.@+!, -]*$/.test(value) ? value : null
  if (name === 'cilium-config') return ciliumKeys.has(key) && /^\w*$/.test(value) ? value : null
  if (name === 'kubeadm-config') return key === 'ClusterConfiguration' ? linesOf(value, readKubeadm) : null
  if (name === 'cluster-info') return key === 'kubeconfig' ? linesOf(value, readKubeconfig) : null
  if (key === 'net-conf.json') return keptFlannel(value)
  if (name === 'metallb-excludel2') return key === 'excludel2.yaml' && onlyPatterns.test(value) ? value : null
  if (name.startsWith('antrea-config') && key === 'antrea-agent.conf') return linesOf(value, readAntrea)
  return null
}

/** Keys of kube-vip-cloud-provider (kube-vip-cloud-provider v0.0.12 pkg/provider). */
const isPool = (key: string): boolean =>
  /^(?:cidr|range)-[a-z0-9.-]+$|^(?:skip-end-ips-in-cidr|search-order)$/.test(key)

/** Lines of Antrea's configuration: whether it handles Services, and what it puts packets between nodes into. */
const readAntrea =
  /^\s*(?:antreaProxy:|proxyAll:\s*(?:true|false)|(?:trafficEncapMode|tunnelType|trafficEncryptionMode):\s*"?\w+"?|tunnelPort:\s*\d+)\s*$/

/** The line of kubeadm's configuration that names the endpoint of the control plane, and the kubeconfig's that names the server: a host and a port. */
const readKubeadm = /^controlPlaneEndpoint:\s*["']?[\w.:[\]-]+["']?\s*$/
const readKubeconfig = /^\s+(?:- )?server:\s*["']?https:\/\/[\w.:[\]-]+["']?\s*$/

const linesOf = (value: string, read: RegExp): string =>
  value
    .split('\n')
    .filter((line) => read.test(line))
    .join('\n')

const ciliumKeys: ReadonlySet<string> = new Set([
  'kube-proxy-replacement',
  'enable-l2-announcements',
  'enable-bgp-control-plane',
  'policy-cidr-match-mode',
  ...['routing-mode', 'tunnel', 'tunnel-protocol', 'tunnel-port', 'enable-wireguard', 'enable-ipsec'],
])

/** MetalLB's list of interfaces: regular expressions of names, one a line. */
const onlyPatterns = /^\s*announcedInterfacesToExclude:(?:\s*-\s*["']?[\w.^$*+?()[\]|\\-]*["']?)*\s*$/

/** Of flannel's network how its packets travel. */
function keptFlannel(value: string): string | null {
  const network = parseJson('net-conf.json', value)
  return isGap(network) ? null : JSON.stringify(pruned(network as Json, flannelNetwork))
}

const isMetallbs = (yaml: string): boolean => /(^|[{,\s"'])address-pools["']?\s*:/.test(yaml)

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
