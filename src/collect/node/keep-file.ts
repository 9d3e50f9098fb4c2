import { isGap } from '../../evidence/gap.ts'
import { keptKeepalivedConf } from '../../evidence/node/keepalived-conf.ts'
import { keptPacemakerCib } from '../../evidence/node/pacemaker-cib.ts'
import { readCniKeys } from '../keep/names.ts'
import { ciliumServiceShape, ciliumStatusShape } from '../../evidence/node/cilium-lb.ts'
import type { Shape } from '../../evidence/shape.ts'
import { pruned, type Json } from '../keep/prune.ts'
import { keptProxyConfig } from '../keep/proxy-config.ts'
import { keptWords } from '../keep/words.ts'

/**
 * What is kept of what a node printed, or why nothing is: of command lines the values of flags that checks read, of CNI configurations the
 * members that they read, of kube-proxy's configuration its keys, of keepalived's and Pacemaker's the addresses and who is to hold them, of Cilium's status and Services what is judged. Everything else that a node prints holds no secret by its nature.
 */
export function keptNodeFile(name: string, bytes: Uint8Array): Uint8Array | { readonly reason: string } {
  if (name === 'processes.txt') return changed(bytes, (text) => text.replaceAll(/^.*$/gm, keptProcess))
  if (name === 'keepalived.conf') return changed(bytes, keptKeepalivedConf)
  if (name === 'pacemaker-cib.xml') {
    const kept = keptPacemakerCib(name, Buffer.from(bytes).toString('latin1'))
    return isGap(kept) ? { reason: kept.reason } : Buffer.from(kept, 'latin1')
  }
  if (name === 'kube-proxy-config.yaml') {
    const kept = keptProxyConfig(Buffer.from(bytes).toString('latin1'))
    return kept === null
      ? { reason: 'what stands there does not say that it is a KubeProxyConfiguration' }
      : Buffer.from(kept, 'latin1')
  }
  const shape = ciliumShapes[name]
  if (shape !== undefined) return changed(bytes, (text) => keptJson(text, (value) => pruned(value, shape)))
  return name.startsWith('cni-conf/') ? changed(bytes, (text) => keptJson(text, keptMembers)) : bytes
}

const ciliumShapes: Readonly<Record<string, Shape>> = {
  'cilium-status.json': ciliumStatusShape,
  'cilium-service-list.json': [ciliumServiceShape],
}

/** Bytes stay what they are where they are no text: whoever reads them says so. */
const changed = (bytes: Uint8Array, change: (text: string) => string): Uint8Array =>
  Buffer.from(change(Buffer.from(bytes).toString('latin1')), 'latin1')

/** A line of `ps`: the number, the program, its arguments. */
function keptProcess(line: string): string {
  const [, before = '', command = ''] = /^(\s*\d+\s+)(.*)$/.exec(line) ?? []
  return command === '' ? line : `${before}${keptWords(command.split(/\s+/), true).join(' ')}`
}

/** What is no JSON keeps no more than the line that says so to whoever parses it. */
function keptJson(text: string, keep: (value: Json) => Json): string {
  try {
    return `${JSON.stringify(keep(JSON.parse(text) as Json), null, 2)}\n`
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return '(left out: no JSON)\n'
    throw error
  }
}

function keptMembers(value: Json): Json {
  if (Array.isArray(value)) return value.map((one: Json) => keptMembers(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (readCniKeys.has(key) ? [[key, keptMembers(member)]] : [])),
  )
}
