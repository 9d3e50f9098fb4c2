import fc from 'fast-check'
import { evidenceOf } from '../../../src/evidence/evidence.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import type { Store } from '../../../src/evidence/store.ts'
import { parseAddress, type Address } from '../../../src/net/address.ts'
import { nodeState } from '../../../src/node/node-state.ts'
import { tracePacket } from '../../../src/node/trace/trace.ts'
import { fixtureNames, fixtureStore, truthOf } from '../../kit/fixtures.ts'

/** What came of cutting the rules of one node. */
export interface Truncated {
  readonly inputs: number
  /** Cuts after which the tracer is sure that nothing translates the packet, though the whole rules do. */
  readonly wrong: readonly string[]
}

const dumps = ['iptables-nft-save.txt', 'iptables-legacy-save.txt', 'ip6tables-nft-save.txt', 'nft-ruleset.json']

/** Cuts every dump of every node whose whole rules translate the recording's VIP: at `count` places, and behind each table. */
export async function* truncationsOf(seed: number, count: number): AsyncGenerator<Truncated> {
  for (const bundle of fixtureNames) {
    const store = await fixtureStore(bundle)
    const { vip: text, port, client } = await truthOf(bundle)
    const [vip, source] = [parseAddress(text ?? ''), parseAddress(client.split(' ').at(-1))]
    if (source === null || vip?.family !== source.family) continue
    for (const node of store.list('nodes')) {
      if (verdict(store, node, source, vip, port) !== 'translated') continue
      const judged = dumps.map((dump) => cutsOf(store, { bundle, node, dump, seed, count }, source, vip, port))
      yield { inputs: judged.reduce((sum, { inputs }) => sum + inputs, 0), wrong: judged.flatMap(({ wrong }) => wrong) }
    }
  }
}

interface Cutting {
  readonly bundle: string
  readonly node: string
  readonly dump: string
  readonly seed: number
  readonly count: number
}

function cutsOf(
  store: Store,
  { bundle, node, dump, seed, count }: Cutting,
  source: Address,
  vip: Address,
  port: number,
): Truncated {
  const path = `nodes/${node}/${dump}`
  const bytes = store.read(path)
  if (isGap(bytes) || bytes.length === 0) return { inputs: 0, wrong: [] }
  const places = [...fc.sample(fc.nat(bytes.length - 1), { seed, numRuns: count }), ...behindTables(bytes)]
  const wrong = places.filter((place) => {
    const cut: Store = { ...store, read: (file) => (file === path ? bytes.slice(0, place) : store.read(file)) }
    return verdict(cut, node, source, vip, port) === 'untouched'
  })
  return { inputs: places.length, wrong: wrong.map((place) => `${bundle}/${path} cut at byte ${String(place)}`) }
}

/** Where a table ends: the dump so far looks whole. */
function behindTables(bytes: Uint8Array): number[] {
  const text = Buffer.from(bytes).toString('latin1')
  const ends = [...text.matchAll(/^COMMIT\n|^# Completed.*\n/gm)].map(({ index, 0: { length } }) => index + length)
  return ends.filter((end) => end < bytes.length)
}

/** What the tracer says, where it is sure: that every way is translated, or that one is not. */
function verdict(store: Store, node: string, source: Address, vip: Address, port: number): string {
  const evidence = evidenceOf(store, { time: null, tool: null, redacted: false, gaps: [] })
  const state = nodeState(evidence, node, vip.family)
  if (isGap(state)) return 'unknown'
  const outcomes = tracePacket(state, {
    source,
    destination: vip,
    protocol: 'tcp',
    destinationPort: port,
    inDevice: 'eth0',
  })
  const sure = state.doubts.length === 0 && outcomes.every(({ doubt }) => doubt === null)
  if (!sure) return 'unknown'
  const untouched = outcomes.some(({ fate: { kind } }) => kind === 'forwarded' || kind === 'local')
  return untouched ? 'untouched' : outcomes.every(({ fate: { kind } }) => kind === 'delivered') ? 'translated' : 'other'
}
