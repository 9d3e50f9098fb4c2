import { citeLine, citeList, type Proof } from '../evidence/cite.ts'
import type { NodeEvidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { rulesOf } from '../evidence/node/iptables-save.ts'
import { record } from '../evidence/node/nft.ts'
import type { Step } from './trace/types.ts'

/** Whether the node keeps a client at the endpoint that it got: for how many seconds (null where the dump does not say), by which rule. */
export interface Affinity {
  readonly sticky: boolean
  readonly seconds: number | null
  readonly proof: Proof
}

/**
 * What the rules on a packet's way to an endpoint say of its client's next connections; null where no rule of kube-proxy chose the endpoint.
 * iptables remembers by `recent`, nftables by a set with a timeout, IPVS by a persistent virtual server.
 */
export function affinityOf(here: NodeEvidence, steps: readonly Step[]): Affinity | null {
  // Without affinity kube-proxy from 1.36 on translates in the chain of the Service itself (writeServiceToEndpointDNATs).
  const chosen =
    steps.find(({ backend, chain }) => backend === 'ipvs' || /^(KUBE-SEP-|endpoint-)/.test(chain)) ??
    steps.findLast(({ backend, chain }) => backend === 'native' && /^(service|local)-/.test(chain))
  if (chosen === undefined) return null
  if (chosen.backend === 'ipvs') return byIpvs(here, chosen)
  return chosen.backend === 'native' ? byNft(here, chosen) : byRecent(here, steps, chosen)
}

function byRecent(here: NodeEvidence, steps: readonly Step[], { chain, place, table }: Step): Affinity | null {
  const save = [here.iptablesNft, here.iptablesLegacy, here.ip6tablesNft, here.ip6tablesLegacy]
    .flatMap((one) => known(one) ?? [])
    .find((one) => one.file === place?.file)
  const chains = save?.tables.get(table)?.chains
  const rules = (name: string) => {
    const found = chains?.get(name)
    return found === undefined ? [] : rulesOf(found)
  }
  const own = rules(chain)
  const remembers = own.find(({ text }) => text.includes(' --set --name KUBE-SEP-'))
  const balancer = steps.find((step) => /^KUBE-(SVC|SVL)-/.test(step.chain))?.chain ?? ''
  const asks = rules(balancer).find(({ text }) => text.includes('--rcheck') && text.endsWith(`-j ${chain}`))
  const shown = asks ?? remembers ?? own.at(-1)
  if (save === undefined || shown === undefined) return null
  const seconds = /--seconds (\d+)/.exec(asks?.text ?? '')?.[1]
  return {
    sticky: remembers !== undefined && asks !== undefined,
    seconds: seconds === undefined ? null : Number(seconds),
    proof: citeLine(save.file, shown.line, shown.text),
  }
}

function byNft(here: NodeEvidence, { chain, table }: Step): Affinity | null {
  const nft = here.nftRuleset
  if (isGap(nft)) return null
  const tables = nft.tables.filter(({ name }) => name === table || table.endsWith(` ${name}`))
  for (const { chains, sets } of tables) {
    const own = chains.get(chain)
    if (own === undefined) continue
    const name = own.rules
      .flatMap(({ expressions }) => expressions)
      .map(({ set }) => record(set).set)
      .find((set): set is string => typeof set === 'string' && set.startsWith('@affinity-'))
      ?.slice(1)
    const set = name === undefined ? undefined : sets.get(name)
    const seconds = set?.timeout ?? null
    return {
      sticky: name !== undefined,
      seconds,
      proof: citeList(
        nft.file,
        (set ?? own).pointer,
        name === undefined ? `chain ${chain}` : `set ${name}, timeout ${String(seconds)}`,
      ),
    }
  }
  return null
}

function byIpvs(here: NodeEvidence, { chain, place }: Step): Affinity | null {
  const tables = [here.ipvsadm, here.procNetIpVs].flatMap((one) => known(one) ?? [])
  const named = tables.map((ipvs) => ({
    ipvs,
    server: ipvs.services.find(({ address, port }) => `${address.text}:${String(port)}` === chain),
  }))
  const found = named.find(({ ipvs }) => ipvs.file === place?.file) ?? named[0]
  if (found?.server === undefined) return null
  const { ipvs, server } = found
  return {
    sticky: server.persistent !== null,
    // /proc prints jiffies (Linux, ip_vs_info_seq_show), ipvsadm seconds.
    seconds: named.find((one) => one.ipvs.file.endsWith('/ipvsadm.txt'))?.server?.persistent ?? null,
    proof: citeLine(ipvs.file, server.line, server.text),
  }
}
