import { citeFile, citeLine, citeList, type Proof } from '../evidence/cite.ts'
import type { NodeEvidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Family } from '../net/address.ts'
import { rulesOf, type IptablesSave, type IptablesTable } from '../evidence/node/iptables-save.ts'
import { record, type NftTable } from '../evidence/node/nft.ts'

/** A chain of kube-proxy that has rules, and the built-in chain from which nothing leads to it. */
export interface MissingJump {
  readonly table: string
  readonly from: string
  readonly to: string
  /** Where the chain that nothing leads to stands. */
  readonly proof: Proof
}

/** The jumps that kube-proxy makes from built-in chains (kubernetes v1.34.4 pkg/proxy/iptables/proxier.go, iptablesJumpChains; ipvs/proxier.go). */
const jumps: readonly Omit<MissingJump, 'proof'>[] = [
  { table: 'nat', from: 'PREROUTING', to: 'KUBE-SERVICES' },
  { table: 'nat', from: 'OUTPUT', to: 'KUBE-SERVICES' },
  { table: 'nat', from: 'POSTROUTING', to: 'KUBE-POSTROUTING' },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-FORWARD' },
]

/** The jumps that are missing on a node, in both iptables back-ends and in kube-proxy's nftables table; only chains with rules can miss one. */
export function missingJumps(here: NodeEvidence, family: Family): readonly MissingJump[] {
  const saves = family === 4 ? [here.iptablesNft, here.iptablesLegacy] : [here.ip6tablesNft, here.ip6tablesLegacy]
  const nft = known(here.nftRuleset)
  const native = nft?.tables.find(
    ({ family: of, name }) => name === 'kube-proxy' && of === (family === 4 ? 'ip' : 'ip6'),
  )
  return [
    ...saves.flatMap((save) => {
      const read = known(save)
      return read === null || !hasServices(read) ? [] : missingIn(read)
    }),
    ...(nft === null || native === undefined ? [] : missingInNative(nft.file, native)),
  ]
}

const hasServices = ({ tables }: IptablesSave): boolean =>
  (tables.get('nat')?.chains.get('KUBE-SERVICES')?.size ?? 0) > 0

function missingIn({ file, tables }: IptablesSave): readonly MissingJump[] {
  return jumps.flatMap((jump): MissingJump[] => {
    const table = tables.get(jump.table)
    const chain = table?.chains.get(jump.to)
    if (table === undefined || chain === undefined || chain.size === 0 || leadsTo(table, jump.from, jump.to)) return []
    return [
      {
        ...jump,
        proof:
          chain.line < 1
            ? citeFile(file, `${String(chain.size)} rules in ${jump.to}`)
            : citeLine(file, chain.line, `:${jump.to}`),
      },
    ]
  })
}

/** Whether a chain leads to another, directly or through chains of other software; kube-proxy's own chains are not searched. */
function leadsTo({ chains }: IptablesTable, from: string, to: string): boolean {
  const seen = new Set([from])
  for (const name of seen) {
    const chain = chains.get(name)
    for (const { action } of chain === undefined ? [] : rulesOf(chain)) {
      if (action.kind !== 'jump' && action.kind !== 'goto') continue
      if (action.chain === to) return true
      if (!action.chain.startsWith('KUBE-')) seen.add(action.chain)
    }
  }
  return false
}

/** In nftables mode each base chain of type nat at prerouting and output jumps to `services`. */
function missingInNative(file: string, { chains }: NftTable): readonly MissingJump[] {
  const services = chains.get('services')
  if (services === undefined) return []
  return (['prerouting', 'output'] as const).flatMap((hook): MissingJump[] => {
    const led = [...chains.values()].some(
      (chain) =>
        chain.hook === hook &&
        chain.rules.some(({ expressions }) =>
          expressions.some(
            ({ jump, goto }) => record(jump).target === 'services' || record(goto).target === 'services',
          ),
        ),
    )
    return led
      ? []
      : [
          {
            table: 'kube-proxy',
            from: hook,
            to: 'services',
            proof: citeList(file, services.pointer, 'table kube-proxy, chain services'),
          },
        ]
  })
}
