import type { Address } from '../../net/address.ts'
import { sh, type Command } from '../../net/shell.ts'
import { parseRange, rangeHas, type Range } from '../../net/range.ts'
import { citeList, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import { kubernetesFile, objectName, type IPAddressPool } from '../../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { configMapEra } from './config-map.ts'
import { metallbSettings } from './install.ts'

/** The pools that MetalLB reads: those of its own namespace, or up to 0.12 those of its ConfigMap. */
export const metallbPools = perEvidence((evidence: Evidence): Known<readonly IPAddressPool[]> => {
  const pools = evidence.kubernetes.ipaddresspools
  if (isGap(pools)) return pools
  const { namespace } = metallbSettings(evidence)
  return pools.filter(({ metadata }) => metadata?.namespace === namespace)
})

/** The pool that holds an address; null if none does. */
export function poolOf(evidence: Evidence, address: Address): Known<IPAddressPool | null> {
  const pools = metallbPools(evidence)
  if (isGap(pools)) return pools
  return pools.find((pool) => rangesOf(pool).some((range) => rangeHas(range, address))) ?? null
}

/** The ranges of a pool; a text that is none is left out. */
export function rangesOf(pool: IPAddressPool): readonly Range[] {
  const ranges = rangesByPool.get(pool) ?? (pool.spec?.addresses ?? []).flatMap((text) => parseRange(text) ?? [])
  rangesByPool.set(pool, ranges)
  return ranges
}
const rangesByPool = new WeakMap<IPAddressPool, readonly Range[]>()

/** A pool’s name for a sentence. */
export const poolName = ({ metadata }: IPAddressPool): string => metadata?.name ?? ''

/** Where MetalLB's pools would stand, for what is said of one that is not there: `noun` names them, `proof` is the place with what was found. */
export function whereAre(
  evidence: Evidence,
  kind: 'ipaddresspools' | 'l2advertisements',
  value: string,
): { readonly noun: string; readonly show: Command; readonly proof: Proof } {
  const era = configMapEra(evidence)
  const { namespace, configMap } = metallbSettings(evidence)
  if (era === null)
    return {
      noun: `IPAddressPool in ${namespace}`,
      show: sh`kubectl get ${kind} -A`,
      proof: citeList(kubernetesFile(kind), '/items', value),
    }
  const name = era.configMap === null ? `${namespace}/${configMap}` : objectName(era.configMap)
  return {
    noun: `pool in its ConfigMap ${name}`,
    show: sh`kubectl -n ${namespace} get configmap ${configMap} -o yaml`,
    proof: era.proof ?? citeList(kubernetesFile('configmaps'), '/items', `no ${name} among them`),
  }
}
