import type { Json, JsonObject } from './keep.ts'

/**
 * What is kept of a ConfigMap: all of one that says how the network is set up, of any other nothing but a configuration of MetalLB up to
 * 0.12 (key `config`), wherever it is installed. Passwords of its BGP peers are masked.
 */
export function keptConfigMap(object: JsonObject): JsonObject {
  const { data, binaryData, ...rest } = object
  const entries = isObject(data) ? Object.entries(data) : []
  const masked = entries.map(([key, value]): [string, Json] => [
    key,
    key === 'config' && typeof value === 'string' ? withoutPasswords(value) : value,
  ])
  if (isOfTheNetwork(object))
    return {
      ...rest,
      ...(data === undefined ? {} : { data: isObject(data) ? Object.fromEntries(masked) : data }),
      ...(binaryData === undefined ? {} : { binaryData }),
    }
  const old = masked.filter(([key, value]) => key === 'config' && typeof value === 'string' && isMetallbs(value))
  return old.length === 0 ? rest : { ...rest, data: Object.fromEntries(old) }
}

const isMetallbs = (text: string): boolean => /(^|[{,\s"'])address-pools["']?\s*:/.test(text)

function isOfTheNetwork({ metadata }: JsonObject): boolean {
  const { name = '', namespace = '' } = isObject(metadata) ? metadata : {}
  return (
    /metallb|kube-vip|kube-flannel|calico|cilium|kube-ovn|antrea/.test(text(namespace)) ||
    /^(kube-proxy|kubevip|kube-vip.*|kube-flannel-cfg|calico-config|canal-config|cilium-config|antrea-config.*|kube-router-cfg|ovn-config)$/.test(
      text(name),
    )
  )
}

/**
 * YAML with every value of a key `password` masked, in block style with the lines that go on with it, and in flow style. The text around
 * it stays as it is, so that a parser says of it what MetalLB's says.
 */
function withoutPasswords(yaml: string): string {
  const lines: string[] = []
  let within: number | null = null
  for (const line of yaml.split('\n')) {
    const indent = line.search(/\S/)
    if (within !== null && (indent === -1 || indent > within)) continue
    within = null
    const block = /^([\s-]*)(["']?password["']?\s*:)/.exec(line)
    if (block === null) {
      lines.push(
        line.replace(/(["']?password["']?\s*:\s*)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s,}][^,}]*)/g, '$1"***"'),
      )
      continue
    }
    within = (block[1] ?? '').length
    lines.push(`${block[1] ?? ''}${block[2] ?? ''} "***"`)
  }
  return lines.join('\n')
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
