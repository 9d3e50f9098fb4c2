import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { KubernetesObject } from '../../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { parseYaml } from '../../evidence/yaml.ts'
import { metallbSettings, olderThan } from './install.ts'

/** Interfaces by which no speaker announces, by name. */
export interface Excludes {
  readonly configMap: KubernetesObject<'configmaps'>
  /** Regular expressions, as they are written. */
  readonly patterns: readonly string[]
  readonly proof: Proof
}

export const excludesKey = 'excludel2.yaml'

/** What ConfigMap metallb-excludel2 names (MetalLB since 0.13.10, internal/layer2/announcer.go: excludeRegexp); null where it is not there, or not read. */
export const excludedInterfaces = perEvidence((evidence: Evidence): Excludes | null => {
  const settings = metallbSettings(evidence)
  const configMap = (known(evidence.kubernetes.configmaps) ?? []).find(
    ({ metadata }) => metadata?.name === 'metallb-excludel2' && metadata.namespace === settings.namespace,
  )
  const text = configMap?.data?.[excludesKey]
  if (configMap === undefined || text === undefined || olderThan(settings, '0.13.10')) return null
  const yaml = parseYaml(text)
  const value = 'value' in yaml ? (yaml.value as { readonly announcedInterfacesToExclude?: unknown } | null) : null
  const list = value?.announcedInterfacesToExclude
  const patterns = Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : []
  return { configMap, patterns, proof: cite(configMap, 'data', excludesKey) }
})

/** The pattern that keeps a device from announcing; null for none. MetalLB joins them with `|`, Go's expressions need no more than these. */
export const excludedBy = ({ patterns }: Excludes, device: string): string | null =>
  patterns.find((pattern) => matches(pattern, device)) ?? null

/** What Go takes for an expression and this does not matches nothing here. */
function matches(pattern: string, device: string): boolean {
  try {
    return new RegExp(pattern).test(device)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
