import { citeLine, type Proof } from '../evidence/cite.ts'
import { citeFirst, type NodeEvidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { rulesOf, type IptablesSave } from './parse/iptables-save.ts'

/** How kube-proxy's rules stand on a node: the mode that they show, and one rule as proof. Null where there are none. */
export interface ServiceRules {
  readonly mode: 'iptables' | 'ipvs' | 'nftables'
  readonly proof: Proof
}

/** A rule or table that only a kube-proxy writes. IPVS is looked for first: there the iptables rules are only its helpers. */
export function serviceRules(here: NodeEvidence): ServiceRules | null {
  const ipvs = known(here.procNetIpVs) ?? known(here.ipvsadm)
  const [service] = ipvs?.services ?? []
  if (ipvs !== null && service !== undefined) {
    return {
      mode: 'ipvs',
      proof: citeLine(ipvs.file, service.line, `${service.address.text}:${String(service.port)} ${service.scheduler}`),
    }
  }
  for (const save of [known(here.iptablesNft), known(here.iptablesLegacy), known(here.ip6tablesNft)]) {
    const proof = save === null ? null : firstOfServices(save)
    if (proof !== null) return { mode: 'iptables', proof }
  }
  const nft = known(here.nftRuleset)
  const table = nft?.tables.find(({ name, chains }) => name === 'kube-proxy' && chains.size > 0)
  return nft === null || table === undefined
    ? null
    : {
        mode: 'nftables',
        proof: citeLine(nft.file, 1, `table ${table.family} kube-proxy, ${String(table.chains.size)} chains`),
      }
}

function firstOfServices(save: IptablesSave): Proof | null {
  const chain = save.tables.get('nat')?.chains.get('KUBE-SERVICES')
  const [rule] = chain === undefined ? [] : rulesOf(chain)
  return rule === undefined ? null : citeLine(save.file, rule.line, rule.text)
}

/** A program that takes Services from kube-proxy, by its process on the node. */
export interface Replacement {
  readonly name: string
  readonly proof: Proof
}

/** k3s is not among them: it carries kube-proxy inside itself, with kube-proxy's own rules. */
const replacements: readonly (readonly [name: string, process: RegExp])[] = [
  ['Cilium', /\bcilium-agent\b/],
  ['kube-router', /\bkube-router\b.*--run-service-proxy(?:=true)?(?:\s|$)/],
  ['OVN-Kubernetes', /\bovnkube\b/],
]

/**
 * Who handles Services on a node besides kube-proxy, null where nobody is seen to. Cilium counts only where no kube-proxy has written rules:
 * beside kube-proxy it leaves Services to it.
 */
export function replacementOn(here: NodeEvidence): Replacement | null {
  const processes = known(here.processes)
  if (processes === null || serviceRules(here) !== null) return null
  for (const [name, pattern] of replacements) {
    const proof = citeFirst(processes, pattern)
    if (proof !== null) return { name, proof }
  }
  return null
}
