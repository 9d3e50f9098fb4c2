import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, known, type Gap } from '../evidence/gap.ts'
import { kubernetesFile } from '../evidence/kubernetes/kinds.ts'
import { parseAddress } from '../net/address.ts'

/** The host and port at which kubeadm has every node find the API server; `host` is an address or a name. */
interface Endpoint {
  readonly host: string
  readonly port: number
  readonly proof: Proof
}

/** kubeadm's default for `localAPIEndpoint.bindPort`, which is the endpoint's where it names none (kubeadm v1beta4, ClusterConfiguration). */
const bindPort = 6443

/** Where the endpoint stands: what kubeadm was told, else the server of the kubeconfig that it publishes for nodes that join. */
const places = [
  {
    namespace: 'kube-system',
    name: 'kubeadm-config',
    key: 'ClusterConfiguration',
    line: /^controlPlaneEndpoint:\s*["']?([^\s"'#]+)/m,
  },
  {
    namespace: 'kube-public',
    name: 'cluster-info',
    key: 'kubeconfig',
    line: /^\s+(?:- )?server:\s*["']?https:\/\/([^\s"'#/]+)/m,
  },
] as const

/** The endpoint of the control plane by kubeadm's ConfigMaps; null where none is named. */
export function kubeadmEndpoint({ kubernetes: { configmaps } }: Evidence): Endpoint | null {
  for (const { namespace, name, key, line } of places) {
    const map = known(configmaps)?.find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name)
    const text = line.exec(map?.data?.[key] ?? '')?.[1]
    const endpoint = text === undefined ? null : parseEndpoint(text)
    if (map !== undefined && endpoint !== null) return { ...endpoint, proof: cite(map, 'data', key) }
  }
  return null
}

function parseEndpoint(text: string): Omit<Endpoint, 'proof'> | null {
  if (parseAddress(text) !== null) return { host: text, port: bindPort }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  return host === undefined ? null : { host, port: digits === undefined ? bindPort : Number(digits) }
}

/** That the endpoint is a name, whose address no evidence has: what is behind it is judged only where it is asked for by address. */
export function endpointByName(evidence: Evidence): Gap | null {
  const endpoint = kubeadmEndpoint(evidence)
  return endpoint === null || parseAddress(endpoint.host) !== null
    ? null
    : gap(
        kubernetesFile('configmaps'),
        `kubeadm’s endpoint of the control plane is the name ${endpoint.host}, whose address is in no evidence: check ADDRESS:${String(endpoint.port)} judges it`,
      )
}
