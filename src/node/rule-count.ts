import { citeFile, type Proof } from '../evidence/cite.ts'
import type { NodeEvidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Family } from '../net/address.ts'
import { samplesOf } from './metrics.ts'
import type { IptablesSave } from '../evidence/node/iptables-save.ts'

/** How many rules a kube-proxy in iptables mode says that it wrote into a table, and how many are there. */
export interface RuleCount {
  readonly table: string
  readonly written: number
  readonly found: number
  readonly proof: readonly Proof[]
}

/**
 * Compares `kubeproxy_sync_proxy_rules_iptables_total` with the rules of KUBE- chains, table by table: the two are equal on a healthy node,
 * for jumps from built-in chains are not counted, and kubelet's own rule in KUBE-FIREWALL is the one that kube-proxy would write. Only
 * releases that name the family are compared: before, the gauge had the number of whichever family was synced last.
 */
export function ruleCounts(here: NodeEvidence, family: Family): readonly RuleCount[] {
  const metrics = known(here.kubeProxyMetrics)
  const save = savedBy(here, family)
  if (metrics === null || save === null) return []
  return samplesOf(metrics, 'kubeproxy_sync_proxy_rules_iptables_total').flatMap(({ labels, value, proof }) => {
    const table = labels.get('table')
    const chains = table === undefined ? undefined : save.tables.get(table)?.chains
    if (table === undefined || chains === undefined || labels.get('ip_family') !== `IPv${String(family)}`) return []
    const all = chains.beginning('KUBE-')
    const others = kubeRouter.map((prefix) => chains.beginning(prefix))
    const rules = all.rules - others.reduce((sum, one) => sum + one.rules, 0)
    const count = all.chains - others.reduce((sum, one) => sum + one.chains, 0)
    const there = `${String(rules)} rules in ${String(count)} chains KUBE-… of table ${table}`
    return [{ table, written: value, found: rules, proof: [proof, citeFile(save.file, there)] }]
  })
}

/** Chains of kube-router's network policies, which k3s has in its own process (kube-router v2 pkg/controllers/netpol). */
const kubeRouter = ['KUBE-ROUTER-', 'KUBE-NWPLCY-', 'KUBE-POD-FW-'] as const

/** The back-end that has KUBE-SERVICES; null where none or both have (`translation/backend-mix`). */
function savedBy(here: NodeEvidence, family: Family): IptablesSave | null {
  const saves = family === 4 ? [here.iptablesNft, here.iptablesLegacy] : [here.ip6tablesNft, here.ip6tablesLegacy]
  const [one, other] = saves
    .flatMap((save) => known(save) ?? [])
    .filter(({ tables }) => tables.get('nat')?.chains.has('KUBE-SERVICES'))
  return one === undefined || other !== undefined ? null : one
}
