import { cite, citeLine, citeList, type Proof } from '../evidence/cite.ts'
import type { Evidence, NodeEvidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { TextFile } from '../evidence/text-file.ts'
import { record } from '../evidence/node/nft.ts'
import { kubeProxyProcesses } from './service-proxy.ts'

/** What kube-proxy was told, and where it stands. An empty value is what an unset key has. */
export interface Setting {
  readonly value: string
  readonly proof: Proof
}

/** The settings that are read: their key in the configuration file, their flag, and how `/configz` shows them. */
const settings = {
  mode: { key: 'mode', flag: 'proxy-mode', running: (config: Config) => text(config.Mode) },
  detectLocalMode: {
    key: 'detectLocalMode',
    flag: 'detect-local-mode',
    running: (config: Config) => text(config.DetectLocalMode),
  },
  clusterCidr: {
    key: 'clusterCIDR',
    flag: 'cluster-cidr',
    running: ({ DetectLocal }: Config) => {
      const { ClusterCIDRs } = record(DetectLocal)
      return Array.isArray(ClusterCIDRs) ? ClusterCIDRs.join(',') : null
    },
  },
  hostnameOverride: {
    key: 'hostnameOverride',
    flag: 'hostname-override',
    running: (config: Config) => text(config.HostnameOverride),
  },
  healthzBindAddress: {
    key: 'healthzBindAddress',
    flag: 'healthz-bind-address',
    running: (config: Config) => text(config.HealthzBindAddress),
  },
} as const

type Config = Readonly<Record<string, unknown>>

/** A setting of kube-proxy that some check reads. */
export type SettingName = keyof typeof settings

/** One setting of a node's kube-proxy, null where nothing shows it: what the running process says of itself (`/configz`), else what it was told. */
export function settingOf(evidence: Evidence, here: NodeEvidence, name: SettingName): Setting | null {
  const configz = known(here.kubeProxyConfigz)
  const shown = configz === null ? null : settings[name].running(runningConfig(configz))
  return configz !== null && shown !== null
    ? { value: shown, proof: citeList(configz.file, '/kubeproxy.config.k8s.io', shown) }
    : writtenSetting(evidence, here, name)
}

/**
 * What a node's kube-proxy was told: by its command line, else its configuration file, else the ConfigMap of kubeadm. Beside `--config` only
 * `--hostname-override` counts of the flags (kubernetes v1.34.4 cmd/kube-proxy/app/options.go, Complete and processHostnameOverrideFlag).
 */
export function writtenSetting(evidence: Evidence, here: NodeEvidence, name: SettingName): Setting | null {
  const { key, flag } = settings[name]
  const [process] = kubeProxyProcesses(here)
  const command = commandOf(process)
  const flagged =
    name === 'hostnameOverride' || !/--config[= ]/.test(command)
      ? new RegExp(`--${flag}[= ](\\S*)`).exec(command)?.[1]
      : undefined
  if (process !== undefined && flagged !== undefined) return { value: flagged, proof: process }
  const file = known(here.kubeProxyConfig)
  const written = file === null ? null : scalar(file, key)
  if (written !== null) return written
  const map = known(evidence.kubernetes.configmaps)?.find(
    ({ metadata }) => metadata?.namespace === 'kube-system' && metadata.name === 'kube-proxy',
  )
  const inside = map?.data?.['config.conf']
  const value = inside === undefined ? null : topLevel(inside.split('\n'), key)
  return map === undefined || value === null ? null : { value: value.value, proof: cite(map, 'data', 'config.conf') }
}

/** Where the configuration file stands on the node: as `--config` says, else where the hard way puts it. */
export function configPath(here: NodeEvidence): string {
  const command = commandOf(kubeProxyProcesses(here)[0])
  return /--config[= ](\S+)/.exec(command)?.[1] ?? '/var/lib/kube-proxy/kube-proxy-config.yaml'
}

function scalar(file: TextFile, key: string): Setting | null {
  const found = topLevel(file.lines, key)
  return found === null ? null : { value: found.value, proof: citeLine(file.file, found.line, found.text) }
}

/** A scalar at the top level of a YAML file: KubeProxyConfiguration keeps all that is read here there. */
function topLevel(
  lines: readonly string[],
  key: string,
): { readonly value: string; readonly line: number; readonly text: string } | null {
  const index = lines.findIndex((line) => line.startsWith(`${key}:`))
  const line = lines[index]
  if (line === undefined) return null
  const value = line
    .slice(key.length + 1)
    .replace(/\s+#.*$/, '')
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
  return { value, line: index + 1, text: line }
}

function runningConfig({ text: json }: TextFile): Config {
  try {
    return record(record(JSON.parse(json))['kubeproxy.config.k8s.io'])
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

const commandOf = (process: Proof | undefined): string => (typeof process?.value === 'string' ? process.value : '')

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
