import { readdirSync } from 'node:fs'
import os from 'node:os'
import type { Api } from './api.ts'
import { ApiError } from './api.ts'
import type { Settings } from './types.ts'

const version = 'v1.34.4'

/** Kubelet's word on the node's network: null where a CNI configuration is there (containerd's criteria). */
export function networkNotReady(): string | null {
  const there = (): readonly string[] => {
    try {
      return readdirSync('/etc/cni/net.d')
    } catch {
      return []
    }
  }
  if (there().some((name) => /\.(conf|conflist|json)$/.test(name) && !name.includes('loopback'))) return null
  return (
    'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady ' +
    'message:Network plugin returns error: cni plugin not initialized'
  )
}

/** Registers the node with the labels, addresses and range that kubelet gives it; a second time changes nothing. */
export async function register(api: Api, { node, address, podCidr, controlPlane }: Settings): Promise<void> {
  const labels = {
    'kubernetes.io/hostname': node,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': 'amd64',
  }
  const taints = controlPlane ? [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] : []
  const spec = { podCIDR: podCidr, podCIDRs: [podCidr], taints }
  const made = { apiVersion: 'v1', kind: 'Node', metadata: { name: node, labels }, spec }
  await api.post('/api/v1/nodes', made).catch(unless(409))
  const addresses = [
    { type: 'InternalIP', address },
    { type: 'Hostname', address: node },
  ]
  const capacity = { cpu: '2', memory: '4Gi', pods: '110' }
  const nodeInfo = {
    ...{ machineID: node, systemUUID: node, bootID: node, kernelVersion: os.release(), osImage: 'the lab' },
    ...{ containerRuntimeVersion: 'containerd://1.7.0', kubeletVersion: version, kubeProxyVersion: '' },
    ...{ operatingSystem: 'linux', architecture: 'amd64' },
  }
  const daemonEndpoints = { kubeletEndpoint: { Port: 10250 } }
  const status = { addresses, capacity, allocatable: capacity, nodeInfo, daemonEndpoints }
  await api.patch(`/api/v1/nodes/${node}/status`, { status })
}

const unless =
  (status: number) =>
  (error: unknown): void => {
    if (!(error instanceof ApiError) || error.status !== status) throw error
  }

let since: { readonly ready: boolean; readonly time: string } | null = null

/** The conditions as kubelet words them, and the lease that says that it lives. */
export async function heartbeat(api: Api, node: string): Promise<void> {
  const why = networkNotReady()
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  if (since?.ready !== (why === null)) since = { ready: why === null, time: now }
  const fine = (type: string, reason: string, message: string) => ({ type, status: 'False', reason, message })
  const ready = {
    type: 'Ready',
    status: why === null ? 'True' : 'False',
    reason: why === null ? 'KubeletReady' : 'KubeletNotReady',
    message: why ?? 'kubelet is posting ready status',
    lastTransitionTime: since.time,
  }
  const conditions = [
    fine('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    fine('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    fine('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    ready,
  ].map((one) => ({ ...one, lastHeartbeatTime: now }))
  await api.patch(`/api/v1/nodes/${node}/status`, { status: { conditions } })
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  const renewTime = new Date().toISOString().replace('Z', '000Z')
  const lease = {
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: node, namespace: 'kube-node-lease' } },
    spec: { holderIdentity: node, leaseDurationSeconds: 40, renewTime },
  }
  await api.patch(`${leases}/${node}`, { spec: lease.spec }).catch(async (error: unknown) => {
    unless(404)(error)
    await api.post(leases, lease)
  })
}
