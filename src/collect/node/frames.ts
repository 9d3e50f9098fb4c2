import { keptNodeFile } from './keep-file.ts'
import { commandTimeoutSeconds } from './script.ts'

/** What one node gave: its files by name, why others could not be read, and whether the script ran to its end. */
export interface NodeOutput {
  readonly files: ReadonlyMap<string, Uint8Array>
  /** File name → reason, a phrase without a full stop. */
  readonly gaps: ReadonlyMap<string, string>
  readonly complete: boolean
}

/** The files that the script always speaks of: read, absent on purpose, or not readable. `cni-conf/<file>` come besides. */
export const nodeScriptFiles = [
  'processes.txt',
  'iptables-nft-save.txt',
  'iptables-legacy-save.txt',
  'ip6tables-nft-save.txt',
  'ip6tables-legacy-save.txt',
  'nft-ruleset.json',
  'proc-net-ip_vs.txt',
  'ipvsadm.txt',
  'ipset-save.txt',
  'proc-net-nf_conntrack.txt',
  'ip-addr.json',
  'ip-link.json',
  'ip-route.json',
  'ip-rule.json',
  'ip-neigh.json',
  'ss-listen.txt',
  'pod-listen.txt',
  'sysctl.txt',
  'kube-proxy-config.yaml',
  'proxy-mode.txt',
  'kube-proxy-configz.json',
  'kube-proxy-metrics.txt',
  'healthz-10256.json',
  'cilium-status.json',
  'cilium-service-list.json',
  'cilium-bpf-lb-list.json',
  'calico-bpf-nat-dump.txt',
  'metallb-metrics.txt',
  'keepalived.conf',
  'pacemaker-cib.xml',
  'cni-conf.txt',
  'cni-bin.txt',
  'systemd-units.txt',
  'versions.txt',
] as const

interface OpenFrame {
  readonly name: string
  /** Where its bytes begin. */
  readonly start: number
  readonly said: string[]
  spoiled: boolean
}

const newline = 0x0a

/**
 * Reads what the node script printed. Whatever stands before its first line (a banner, a message of the day) is left out. A file whose
 * frame is cut off, mixed with other output, or ends with a failure becomes a gap; `ended` says why the output may have stopped early
 * ("Connection reset by peer"), null where nothing is known. Any bytes at all give an answer.
 */
export function parseNodeOutput(bytes: Uint8Array, ended: string | null = null): NodeOutput {
  const files = new Map<string, Uint8Array>()
  const gaps = new Map<string, string>()
  const settled = new Set<string>()
  let frame: OpenFrame | null = null
  let begun = false
  let complete = false
  // All files, one behind the other: a node may print tens of millions of lines, and an object for each would be gigabytes.
  const contents = new Uint8Array(bytes.length)
  let end = 0
  for (const line of linesOf(bytes)) {
    const first = String.fromCharCode(line[0] ?? 0)
    if (!begun) begun = text(line) === 'vipdoctor-node 1'
    else if (complete) break
    else if (frame !== null && first === '|') {
      contents.set(line.subarray(1), end)
      end += line.length
      contents[end - 1] = newline
    } else if (frame !== null && first === '!') {
      if (frame.said.length < 5) frame.said.push(text(line.subarray(1)))
    } else if (frame !== null && first === '<') {
      settled.add(frame.name)
      const reason = frame.spoiled
        ? 'its output is mixed with other output'
        : failure(text(line.subarray(1)), frame.said)
      // The script adds one newline to every output, so that the frame's end begins a line: it goes again here.
      const kept =
        reason === null
          ? keptNodeFile(frame.name, contents.slice(frame.start, Math.max(frame.start, end - 1)))
          : { reason }
      if ('reason' in kept) gaps.set(frame.name, kept.reason)
      else files.set(frame.name, kept)
      frame = null
    } else if (first === '>' && isFileName(text(line.subarray(1)))) {
      if (frame !== null) gaps.set(frame.name, 'its output was cut off')
      frame = { name: text(line.subarray(1)), start: end, said: [], spoiled: false }
    } else if (frame !== null) frame.spoiled = true
    else if (first === '-' || first === '?') {
      const [name = '', ...reason] = text(line.subarray(1)).split(' ')
      if (!isFileName(name)) continue
      settled.add(name)
      if (first === '?') gaps.set(name, reason.join(' '))
    } else if (text(line) === 'vipdoctor-node end') complete = true
  }
  if (complete) return { files, gaps, complete }
  const why = ended === null ? '' : `: ${ended}`
  if (frame !== null) gaps.set(frame.name, `its output was cut off after ${plural(end - frame.start, 'byte')}${why}`)
  for (const name of nodeScriptFiles) {
    if (settled.has(name) || gaps.has(name)) continue
    gaps.set(
      name,
      begun ? `the node's output ended before it${why}` : (ended ?? 'the node printed no output of the script'),
    )
  }
  return { files, gaps, complete }
}

/** Why a command's output is not to be believed; null where it is. */
function failure(status: string, said: readonly string[]): string | null {
  if (status === '0') return null
  const words = said
    .find((line) => line.trim() !== '')
    ?.trim()
    .replace(/\.$/, '')
  if (words?.startsWith('sudo:') === true)
    return `needs root, and sudo -n was refused (${words.slice('sudo:'.length).trim()})`
  if (status === '124') return `timed out on the node after ${String(commandTimeoutSeconds)} s`
  if (words !== undefined) return words
  return /^\d+$/.test(status)
    ? `the command on the node ended with status ${status}`
    : 'the frame of its output is damaged'
}

function* linesOf(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0
  for (;;) {
    const end = bytes.indexOf(newline, start)
    if (end === -1) return
    yield bytes.subarray(start, end)
    start = end + 1
  }
}

const text = (line: Uint8Array): string =>
  Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8').replace(/\r$/, '')
const isFileName = (name: string): boolean => /^(cni-conf\/)?[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)
const plural = (count: number, noun: string): string => `${String(count)} ${noun}${count === 1 ? '' : 's'}`
