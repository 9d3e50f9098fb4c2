import { citeLine, citeList, type Proof } from '../evidence/cite.ts'
import type { NodeEvidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { firstRuleOf, type IptablesSave } from '../evidence/node/iptables-save.ts'
import type { Ipvs } from '../evidence/node/ipvs.ts'

/** How kube-proxy's rules stand on a node: the mode that they show, and one rule as proof. Null where there are none. */
export interface ServiceRules {
  readonly mode: 'iptables' | 'ipvs' | 'nftables'
  readonly proof: Proof
}

/** The virtual servers of a node's IPVS, as the kernel lists them, else as ipvsadm does; null where neither was read. */
export const virtualServers = ({ procNetIpVs, ipvsadm }: NodeEvidence): Ipvs | null =>
  known(procNetIpVs) ?? known(ipvsadm)

/** A rule or table that only a kube-proxy writes. IPVS is looked for first: there the iptables rules are only its helpers. */
export function serviceRules(here: NodeEvidence): ServiceRules | null {
  const ipvs = virtualServers(here)
  const [service] = ipvs?.services ?? []
  if (ipvs !== null && service !== undefined) {
    return {
      mode: 'ipvs',
      proof: citeLine(ipvs.file, service.line, service.text),
    }
  }
  for (const save of [known(here.iptablesNft), known(here.iptablesLegacy), known(here.ip6tablesNft)]) {
    const proof = save === null ? null : firstOfServices(save)
    if (proof !== null) return { mode: 'iptables', proof }
  }
  return nativeRules(here)
}

function firstOfServices(save: IptablesSave): Proof | null {
  const chain = save.tables.get('nat')?.chains.get('KUBE-SERVICES')
  const rule = chain === undefined ? null : firstRuleOf(chain)
  return rule === null ? null : citeLine(save.file, rule.line, rule.text)
}

/**
 * Every mode of which a kube-proxy's rules are loaded. More than one are leftovers of a change of mode: of iptables and IPVS mode, which
 * share chain names, the chain for NodePorts tells which wrote them (KUBE-NODEPORTS, KUBE-NODE-PORT).
 */
export function modesLoaded(here: NodeEvidence): readonly ServiceRules[] {
  const first = serviceRules(here)
  if (first === null) return []
  const found: ServiceRules[] = [first]
  if (first.mode === 'ipvs') {
    for (const save of [known(here.iptablesNft), known(here.iptablesLegacy)]) {
      const nodePorts = save?.tables.get('nat')?.chains.get('KUBE-NODEPORTS')
      const rule = nodePorts === undefined ? null : firstRuleOf(nodePorts)
      if (save !== null && rule !== null)
        found.push({ mode: 'iptables', proof: citeLine(save.file, rule.line, rule.text) })
    }
  }
  const native = first.mode === 'nftables' ? null : nativeRules(here)
  return native === null ? found : [...found, native]
}

function nativeRules(here: NodeEvidence): ServiceRules | null {
  const nft = known(here.nftRuleset)
  const table = nft?.tables.find(({ name, chains }) => name === 'kube-proxy' && chains.size > 0)
  return nft === null || table === undefined
    ? null
    : {
        mode: 'nftables',
        proof: citeList(
          nft.file,
          table.pointer,
          `table ${table.family} kube-proxy, ${String(table.chains.size)} chains`,
        ),
      }
}

/** The processes of a node that are a kube-proxy, or carry one inside (k3s, kubelite). Empty also where the processes are not known. */
export function kubeProxyProcesses(here: NodeEvidence): readonly Proof[] {
  const processes = known(here.processes)
  if (processes === null) return []
  return processes.lines.flatMap((line, index) =>
    kubeProxyProgram.test(line) && !/--disable-kube-proxy(?!=false)/.test(line)
      ? [citeLine(processes.file, index + 1, line)]
      : [],
  )
}

/** A command line of `ps`, whatever columns stand before it. k3s servers and agents carry kube-proxy, microk8s has it in kubelite. */
const kubeProxyProgram = /(?:^|[\s/])(?:kube-proxy|kubelite|k3s(?:-server|-agent)?)(?:\s|$)/
