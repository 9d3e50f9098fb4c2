import { createRequire } from 'node:module'
import { parseYaml } from '../../evidence/yaml.ts'
import { oldConfigShape } from '../../lb/metallb/old-config.ts'
import { pruned, type Json } from './prune.ts'

interface Printer {
  readonly dump: (value: unknown, options: object) => string
}

/**
 * A configuration of MetalLB up to 0.12, of which what MetalLB's own fields name is kept. Of a text that is no YAML only its build is kept:
 * every letter and digit is the same one, so that a parser says of it what it says of the whole, and nothing else can be read.
 */
export function keptOldConfig(yaml: string): string {
  const parsed = parseYaml(yaml)
  if ('error' in parsed) return yaml.replace(/[^\W_]/g, 'x')
  const { dump } = createRequire(import.meta.url)('js-yaml') as Printer
  return dump(pruned(parsed.value as Json, oldConfigShape), { lineWidth: -1, noRefs: true })
}
