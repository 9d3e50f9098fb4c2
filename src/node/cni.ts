import { parseJson } from '../evidence/json.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import { perEvidence } from '../evidence/memo.ts'
import { overlaps, parseCidr } from '../net/range.ts'

/** One file of a node's CNI configuration. */
export interface CniConfig {
  readonly name: string
  /** Its path in the bundle. */
  readonly file: string
  /** The types of its plugins, in their order; empty where the file could not be read as a configuration. */
  readonly plugins: readonly string[]
  /** The types of its address managers. */
  readonly ipams: readonly string[]
  /** The ranges that host-local gives addresses from, as they are written. */
  readonly subnets: readonly string[]
  /** It hands the work on to other plugins, which it names itself. */
  readonly delegates: boolean
  /** Whether its text is in the evidence and is JSON. */
  readonly read: boolean
}

/**
 * The configuration files of a node in the order in which a container runtime takes them: by name, and the first one only (libcni ConfFiles;
 * containerd with max_conf_num 1). A gap where the directory was not listed.
 */
export function cniConfigs(evidence: Evidence, node: string): Known<readonly CniConfig[]> {
  const { cniConf, cniConfFiles } = evidence.node(node)
  if (isGap(cniConf)) return cniConf
  return cniConf.lines
    .map((line) => line.trim())
    .filter((name) => /^[\w.-]+\.(conf|conflist|json)$/.test(name))
    .sort()
    .map((name) => {
      const text = cniConfFiles.get(name)
      const file = `nodes/${node}/cni-conf/${name}`
      const json = text === undefined || isGap(text) ? null : parseJson(file, text.text)
      return configOf(name, file, json === null || isGap(json) ? null : json)
    })
}

function configOf(name: string, file: string, json: unknown): CniConfig {
  const top = object(json)
  const plugins = Array.isArray(top.plugins) ? top.plugins.map(object) : 'type' in top ? [top] : []
  const types = plugins.flatMap(({ type }) => (typeof type === 'string' ? [type] : []))
  const ipams = plugins.map(({ ipam }) => object(ipam))
  return {
    name,
    file,
    plugins: types,
    ipams: ipams.flatMap(({ type }) => (typeof type === 'string' ? [type] : [])),
    subnets: ipams
      .filter(({ type }) => type === 'host-local')
      .flatMap(({ subnet, ranges }) => [
        subnet,
        ...list(ranges)
          .flatMap(list)
          .map((range) => object(range).subnet),
      ])
      .flatMap((subnet) => (typeof subnet === 'string' ? [subnet] : [])),
    delegates: types.some((type) => /^(multus|genie|danm)/.test(type)),
    read: json !== null,
  }
}

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Another node that gives addresses from the same range by host-local, which knows nothing of other nodes; none for a node that is alone. */
export const twinRanges = perEvidence((evidence: Evidence): ReadonlyMap<string, string> => {
  const ranges = evidence.nodeNames
    .flatMap((node) => {
      const configs = cniConfigs(evidence, node)
      const taken = isGap(configs) ? undefined : configs[0]
      return (taken?.subnets ?? []).flatMap((text) => {
        const range = parseCidr(text)
        return range === null ? [] : [{ node, range }]
      })
    })
    .sort((one, other) => one.range.family - other.range.family || (one.range.first < other.range.first ? -1 : 1))
  const twins = new Map<string, string>()
  for (const [index, { node, range }] of ranges.entries()) {
    const next = ranges[index + 1]
    if (next === undefined || next.node === node || !overlaps(next.range, range)) continue
    twins.set(node, next.node)
    twins.set(next.node, node)
  }
  return twins
})
