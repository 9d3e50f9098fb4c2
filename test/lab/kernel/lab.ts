import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import path from 'node:path'

/** Where a packet starts: a host behind eth0 or eth1, a pod behind the bridge, or the node itself. */
export type From = 'client' | 'eth1' | 'pod2' | 'pod3' | 'node'

export interface TestPacket {
  readonly from: From
  readonly src: string
  readonly dst: string
  readonly protocol: 'tcp' | 'udp'
  readonly sport: number
  readonly dport: number
}

/** A rule set, in the input forms of the tools that load it, and the packets to send through it. */
export interface KernelCase {
  readonly 'nft-save'?: string
  readonly 'legacy-save'?: string
  readonly nft?: string
  readonly 'nft-json'?: string
  readonly ipset?: string
  readonly sysctl?: Readonly<Record<string, number>>
  readonly packets: readonly TestPacket[]
}

/** What was seen of one packet: it left the node, a socket got it, or an answer came back. */
export interface Sight {
  readonly kind: 'out' | 'local' | 'rst' | 'icmp' | 'no-route'
  readonly device?: string
  readonly mac?: string
  readonly src?: string
  readonly dst?: string
  readonly port?: number
  readonly code?: number
}

/** What the node printed of itself, by the file names of a bundle, and what was seen of each packet; or why a rule set was refused. */
export type KernelAnswer =
  | { readonly dump: Readonly<Record<string, string>>; readonly seen: readonly (readonly Sight[])[] }
  | { readonly refused: string }

export interface Lab {
  readonly bridge: string | null
  /** The files that stay the same for every rule set. */
  readonly world: Readonly<Record<string, string>>
  readonly ask: (one: KernelCase) => Promise<KernelAnswer>
  readonly close: () => void
}

const program = path.join(process.cwd(), 'test/lab/kernel/lab.py')

/** The node that the laboratory builds: its cables (the ports of its bridge among them), addresses and routes, in the words of `ip`. */
export interface World {
  readonly cables: readonly string[]
  readonly bridge: string | null
  readonly ports: Readonly<Record<string, string>>
  readonly dummies: readonly string[]
  readonly addresses: readonly (readonly [cidr: string, device: string])[]
  readonly routes: readonly string[]
  readonly rules: readonly string[]
}

/** Builds the namespaces (lab.py), for generated rule sets where no other node is asked for. @throws Error with what the kernel or a tool said where they cannot be made. */
export async function openLab(node?: World): Promise<Lab> {
  const child = spawn('python3', [program, ...(node === undefined ? [] : [JSON.stringify(node)])], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  child.on('error', (error) => (complaint += error.message))
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<unknown> => {
    const { value } = (await lines.next()) as { readonly value: string | undefined }
    if (value === undefined) throw new Error(complaint.trim() || 'the laboratory ended')
    return JSON.parse(value)
  }
  const { world } = (await answer()) as Pick<Lab, 'world'>
  return {
    bridge: node === undefined ? 'cni0' : node.bridge,
    world,
    ask: async (one) => {
      child.stdin.write(`${JSON.stringify(one)}\n`)
      return (await answer()) as KernelAnswer
    },
    close: () => {
      child.stdin.end()
    },
  }
}

/** Why the laboratory cannot be built here; null where it can. */
export function cannotOpen(): string | null {
  if (process.getuid?.() !== 0) return 'only root can make network namespaces'
  const { status, stderr, error } = spawnSync('python3', [program], { input: '', encoding: 'utf8', timeout: 20_000 })
  return status === 0 ? null : (error?.message ?? stderr.trim().split('\n').at(-1) ?? 'python3 failed')
}
