import { parseAddress } from '../../net/address.ts'
import type { Protocol } from '../../net/port.ts'
import { parseCidr } from '../../net/range.ts'
import { gap, type Known } from '../gap.ts'
import type { Backend, Frontend, ServiceMap } from './service-map.ts'

const protocols: Readonly<Record<string, Protocol>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

/** `10.0.1.20 port 30003 proto 6 id 12 count 1 local 1 flags external-local src 10.0.0.0/8`; count -1 drops. */
const frontendLine =
  /^(\S+) port (\d+) proto (\d+) id (\d+) count (-?\d+) local (\d+)(?: flags ([a-z-]+(?:, [a-z-]+)*))?(?: src (\S+))?$/
/** `	12:0	 10.48.32.200:9443`, `	12:1	 is missing`. */
const backendLine = /^\s+(\d+):(\d+)\s+(?:is (missing)|(?:\[([^\]]+)\]|([\d.]+)):(\d+))$/

/**
 * Reads what `calico-node -bpf nat dump` prints, flat or `--group-by-service`. Lines of its log (`2021-05-10 … [INFO]`) are left out; any other line,
 * or a count without its lines, makes it a gap. Source: Calico v3.30 felix/cmd/calico-bpf/commands/nat.go (dumpNice, dumpNiceGrouped), felix/bpf/nat/maps.go.
 */
export function parseCalicoNat(file: string, text: string): Known<ServiceMap> {
  const heads: { readonly match: RegExpExecArray; readonly line: number; readonly text: string }[] = []
  const byId = new Map<string, Map<number, Backend>>()
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1
    if (raw.trim() === '' || /^\d{4}-\d\d-\d\d /.test(raw)) continue
    const head = frontendLine.exec(raw.trimEnd())
    const back = backendLine.exec(raw.trimEnd())
    if (head !== null) heads.push({ match: head, line, text: raw.trim() })
    else if (back !== null) {
      const [, id = '', ordinal = '', missing, v6, v4, port] = back
      const address = parseAddress(v6 ?? v4)
      const to = missing !== undefined || address === null ? null : { address, port: Number(port) }
      const backends = byId.get(id) ?? new Map<number, Backend>()
      byId.set(id, backends.set(Number(ordinal), { to, place: { file, line }, text: raw.trim() }))
    } else return gap(file, `not what its name says: line ${String(line)} is no part of a dump: ${raw.slice(0, 60)}`)
  }
  // Each entry up to the count has its line, also one that is missing.
  const cut = heads.find(({ match: [, , , , id = '', count] }) => Number(count) > (byId.get(id)?.size ?? 0))
  if (cut !== undefined) return gap(file, `cut off: line ${String(cut.line)} counts more backends than are listed`)
  const frontends = heads.flatMap(({ match, line, text: printed }): readonly Frontend[] => {
    const [, where, port, protocol = '', id = '', count = '', local = '', flags = '', source] = match
    const address = parseAddress(where)
    if (address === null || flags.includes('nat-exclude')) return []
    const all = [...(byId.get(id) ?? new Map<number, Backend>())]
      .sort(([one], [other]) => one - other)
      .map(([, backend]) => backend)
    const each = {
      address,
      port: Number(port),
      protocol: protocols[protocol] ?? null,
      sources: parseCidr(source),
      does: count === '-1' ? ('drop' as const) : ('backends' as const),
      dsr: false,
      isExternal: true,
      place: { file, line },
      text: printed,
    }
    // The backends of this node come first.
    const side = (from: 'outside' | 'inside', onlyLocal: boolean): Frontend => ({
      ...each,
      from,
      onlyLocal,
      backends: all.slice(0, Math.max(0, Number(onlyLocal ? local : count))),
    })
    return [side('outside', flags.includes('external-local')), side('inside', flags.includes('internal-local'))]
  })
  return { file, frontends }
}
