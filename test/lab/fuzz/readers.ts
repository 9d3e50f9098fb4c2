import { decodeSegment, mayBeTcp } from '../../../src/capture/tcp.ts'
import { mayBeNeighbour } from '../../../src/capture/link.ts'
import { neighbourMessage } from '../../../src/capture/neighbour-message.ts'
import { observer } from '../../../src/capture/observe.ts'
import { packetReader } from '../../../src/capture/packet-file.ts'
import { recordedCaptures } from '../../../src/capture/recorded.ts'
import { evidenceOf } from '../../../src/evidence/evidence.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { nodeKinds, type NodeKindName } from '../../../src/evidence/node/kinds.ts'
import { readManifest } from '../../../src/evidence/manifest.ts'
import { memoryStore, type Store } from '../../../src/evidence/store.ts'
import { UserError } from '../../../src/evidence/user-error.ts'
import { parseAddress } from '../../../src/net/address.ts'
import { nodeState } from '../../../src/node/node-state.ts'
import { rulesOf, type IptablesSave } from '../../../src/evidence/node/iptables-save.ts'
import { tracePacket } from '../../../src/node/trace/trace.ts'

const address = (text: string) => {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`${text} is no address`)
  return parsed
}
const vip = address('10.240.0.100')
const routes = '[{"dst":"default","gateway":"10.240.0.1","dev":"eth0"}]'

/** Reads one spoilt file by everything that reads such a file, to the end of what is read lazily. */
export function readAll(path: string, bytes: Uint8Array): void {
  if (path === 'bundle.json') readManifestOf(bytes)
  else if (path.startsWith('captures/')) readCapture(path, bytes)
  else readEvidence(path, bytes)
}

function readManifestOf(bytes: Uint8Array): void {
  try {
    readManifest(memoryStore(new Map([['bundle.json', bytes]])), 'bundle')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
}

function readCapture(path: string, bytes: Uint8Array): void {
  recordedCaptures(evidenceIn(memoryStore(new Map([[path, bytes]]))))
  const { see, observation } = observer(vip)
  packetReader(bytes, mayBeNeighbour, (frame) => {
    const message = neighbourMessage(frame)
    if (message !== null) see(message)
  })?.consume(bytes)
  observation()
  packetReader(bytes, mayBeTcp, decodeSegment)?.consume(bytes)
}

const evidenceIn = (store: Store) => evidenceOf(store, { time: null, tool: null, redacted: false, gaps: [] })

function readEvidence(path: string, bytes: Uint8Array): void {
  const [top, node = 'node', file = ''] = path.split('/')
  const files = new Map([[path, bytes]])
  // A node's rules are traced too: what else the tracer needs is there.
  if (top === 'nodes' && file !== 'ip-route.json') files.set(`nodes/${node}/ip-route.json`, Buffer.from(routes))
  const evidence = evidenceIn(memoryStore(files))
  // Whatever is asked of evidence is read when it is asked for.
  Object.values(evidence)
  if (top === 'nodes') {
    const here = evidence.node(node)
    const chains = new Set(
      Array.from(
        Buffer.from(bytes)
          .toString()
          .matchAll(/(?:^:|-A )(\S+)/gm),
        ([, name = '']) => name,
      ),
    )
    for (const name of Object.keys(nodeKinds) as NodeKindName[]) readRules(here[name], [...chains])
    Object.values(here)
    traceAll(evidence, node)
  } else {
    // Values are read when they are taken.
    Object.values(evidence.kubernetes)
    Object.values(evidence.aws)
  }
}

/** Rules of iptables are tokenised when they are asked for, chain by chain. */
function readRules(value: unknown, names: readonly string[]): void {
  if (typeof value !== 'object' || value === null || !('tables' in value) || !(value.tables instanceof Map)) return
  for (const { chains } of (value as IptablesSave).tables.values())
    for (const name of names) {
      const chain = chains.get(name)
      if (chain !== undefined) rulesOf(chain)
    }
}

function traceAll(evidence: ReturnType<typeof evidenceIn>, node: string): void {
  for (const [family, destination] of [
    [4, vip],
    [6, address('fd00:240::100')],
  ] as const) {
    const state = nodeState(evidence, node, family)
    if (isGap(state)) continue
    const source = family === 4 ? address('10.240.0.50') : address('fd00:240::50')
    for (const inDevice of ['eth0', null])
      tracePacket(state, { source, destination, protocol: 'tcp', destinationPort: 80, inDevice })
  }
}
