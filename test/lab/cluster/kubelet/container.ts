import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Api } from './api.ts'
import { ApiError } from './api.ts'
import type { Container, Pod, Settings, Volume } from './types.ts'

/**
 * Writes what the pod's volumes hold, and returns the folder of each; without `certificate` a token that is there stays as it is.
 * @throws ApiError where a secret that is needed is not there.
 */
export async function makeVolumes(
  api: Api,
  pod: Pod,
  certificate: string | null,
): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>()
  const { namespace, uid } = pod.metadata
  for (const volume of pod.spec.volumes ?? []) {
    const folder = path.join('/var/lib/kubelet/pods', uid, 'volumes', volume.name)
    mkdirSync(folder, { recursive: true })
    folders.set(volume.name, folder)
    for (const [file, bytes] of Object.entries(await contents(api, namespace, volume, pod, certificate))) {
      writeFileSync(path.join(folder, file), bytes)
    }
  }
  return folders
}

async function contents(
  api: Api,
  namespace: string,
  { secret, configMap, projected }: Volume,
  pod: Pod,
  certificate: string | null,
): Promise<Readonly<Record<string, Buffer>>> {
  const decoded = (data: unknown, encoding: BufferEncoding) =>
    Object.fromEntries(
      Object.entries((data ?? {}) as Record<string, string>).map(([name, text]) => [name, Buffer.from(text, encoding)]),
    )
  const unlessOptional = (optional: boolean | undefined) => (error: unknown) => {
    if (optional === true && error instanceof ApiError && error.status === 404) return { data: {} }
    throw error
  }
  const from = `/api/v1/namespaces/${namespace}`
  if (secret !== undefined) {
    const found = await api.get(`${from}/secrets/${secret.secretName}`).catch(unlessOptional(secret.optional))
    return decoded(found.data, 'base64')
  }
  if (configMap !== undefined) {
    const found = await api.get(`${from}/configmaps/${configMap.name}`).catch(unlessOptional(configMap.optional))
    return decoded(found.data, 'utf8')
  }
  if (projected === undefined || certificate === null) return {}
  const account = pod.spec.serviceAccountName ?? 'default'
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid }
  const asked = { spec: { audiences: [], expirationSeconds: 7200, boundObjectRef } }
  const answer = await api.post(`${from}/serviceaccounts/${account}/token`, asked)
  return {
    token: Buffer.from((answer.status as { token: string }).token),
    'ca.crt': readFileSync(certificate),
    namespace: Buffer.from(namespace),
  }
}

/** The value of each variable, with kubelet's own in front. */
function environment(container: Container, pod: Pod, ip: string, { address }: Settings): Record<string, string> {
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'spec.nodeName': pod.spec.nodeName,
    'status.hostIP': address,
    'status.podIP': ip,
  }
  const own = (container.env ?? []).map(({ name, value, valueFrom }): [string, string] => [
    name,
    value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ''] ?? '',
  ])
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOSTNAME: pod.metadata.name,
    KUBERNETES_SERVICE_HOST: '10.32.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    ...Object.fromEntries(own),
  }
}

/** Runs the container's program in the pod's network, with its volumes in a mount namespace of its own. */
export function runContainer(
  container: Container,
  pod: Pod,
  place: { readonly ip: string; readonly network: string | null; readonly volumes: ReadonlyMap<string, string> },
  settings: Settings,
  program: readonly string[],
): ChildProcess {
  const mounts = (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const folder = place.volumes.get(name)
    return folder === undefined ? [] : [`mkdir -p '${mountPath}' && mount --bind '${folder}' '${mountPath}'`]
  })
  const enter = place.network === null ? [] : ['nsenter', `--net=/run/netns/${place.network}`]
  const line = [...mounts, 'exec "$@"'].join('; ')
  const log = openSync(`/var/log/pod-${pod.metadata.name}-${container.name}.log`, 'a')
  const argv = [...(container.command ?? program), ...(container.args ?? [])]
  return spawn('unshare', ['--mount', 'sh', '-c', line, 'sh', ...enter, ...argv], {
    env: environment(container, pod, place.ip, settings),
    stdio: ['ignore', log, log],
    detached: true,
  })
}
