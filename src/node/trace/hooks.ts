import { parseAddress } from '../../net/address.ts'
import type { NodeState } from '../node-state.ts'
import { isIptablesTable } from '../parse/nft.ts'
import { next, onward, type Decided } from './branch.ts'
import { runBaseChain } from './iptables.ts'
import { runNativeChain } from './nft.ts'
import { addressType } from './route.ts'
import type { Branch } from './types.ts'
import type { World } from './world.ts'

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING'

interface Stage {
  readonly priority: number
  readonly nat: boolean
  readonly run: (branch: Branch) => readonly Decided[]
}

/** Priorities of iptables' tables at the hooks that they have (Linux include/uapi/linux/netfilter_ipv4.h). */
const tablesAt: Readonly<Record<Hook, readonly (readonly [table: string, priority: number])[]>> = {
  PREROUTING: [
    ['raw', -300],
    ['mangle', -150],
    ['nat', -100],
  ],
  INPUT: [
    ['mangle', -150],
    ['filter', 0],
    ['security', 50],
    ['nat', 100],
  ],
  FORWARD: [
    ['mangle', -150],
    ['filter', 0],
    ['security', 50],
  ],
  OUTPUT: [
    ['raw', -300],
    ['mangle', -150],
    ['nat', -100],
    ['filter', 0],
    ['security', 50],
  ],
  POSTROUTING: [
    ['mangle', -150],
    ['nat', 100],
  ],
}

const worlds = new WeakMap<NodeState, World>()

/** What the matches of this node's rules ask of it. */
export function worldOf(state: NodeState): World {
  const types = new Map<string, string>()
  const world = worlds.get(state) ?? {
    sets: state.sets,
    addressType: (address) => {
      const type = types.get(address.text) ?? addressType(state, address)
      types.set(address.text, type)
      return type
    },
    addressOfDevice: (device, family) =>
      state.addresses
        .filter(({ ifname }) => ifname === device)
        .flatMap(({ addr_info }) => addr_info ?? [])
        .flatMap(({ local }) => parseAddress(local) ?? [])
        .find((address) => address.family === family) ?? null,
  }
  worlds.set(state, world)
  return world
}

const stages = new WeakMap<NodeState, Map<Hook, readonly Stage[]>>()

/**
 * Runs everything that is registered at a hook, both iptables back-ends and native tables, by priority. ACCEPT ends one base chain, a drop
 * ends the journey. Of the nat chains only those are asked that can still translate: conntrack keeps the first translation of each kind.
 */
export function runHook(state: NodeState, hook: Hook, branch: Branch): readonly Decided[] {
  const byHook = stages.get(state) ?? new Map<Hook, readonly Stage[]>()
  stages.set(state, byHook)
  const registered = byHook.get(hook) ?? stagesAt(state, hook)
  byHook.set(hook, registered)
  const source = hook === 'POSTROUTING' || hook === 'INPUT'
  return registered.reduce<readonly Decided[]>(
    (all, stage) =>
      onward(all, (one) => {
        const { packet } = one
        if (stage.nat && (!packet.tracked || (source ? packet.sourceNat !== null : packet.translated)))
          return [{ branch: one, decision: next }]
        // Within a nat chain `accept` says that a translation was made; the packet goes on either way.
        return stage.run(one).map(({ branch: after, decision }) => ({
          branch: after,
          decision: decision.kind === 'accept' ? next : decision,
        }))
      }),
    [{ branch, decision: next }],
  )
}

function stagesAt(state: NodeState, hook: Hook): readonly Stage[] {
  const world = worldOf(state)
  const backends = [
    ['nft', state.iptables.nft],
    ['legacy', state.iptables.legacy],
  ] as const
  const iptables = backends.flatMap(([backend, save]) =>
    save === null
      ? []
      : tablesAt[hook].map(([table, priority]): Stage => ({
          priority,
          nat: table === 'nat',
          run: (branch) => runBaseChain({ save, backend, table, hook, world }, branch),
        })),
  )
  const families = state.family === 4 ? ['ip', 'inet'] : ['ip6', 'inet']
  const { nft } = state
  const native = (nft?.tables ?? [])
    .filter((table) => families.includes(table.family) && !isIptablesTable(table))
    .flatMap((table) =>
      [...table.chains.values()]
        .filter((chain) => chain.hook?.toUpperCase() === hook)
        .map((chain): Stage => ({
          priority: chain.priority,
          nat: chain.type === 'nat',
          run: (branch) => runNativeChain({ file: nft?.file ?? '', table, chain, world }, branch),
        })),
    )
  return [...iptables, ...native].sort((one, other) => one.priority - other.priority)
}
