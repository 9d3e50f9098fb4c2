// Writes src/checks/all.ts from the folders of src/checks: a check is src/checks/<hop>/<name>.ts, or check.ts in a folder of its name where it
// has helpers of its own. The file is made, never edited, and not committed: so a new check touches its file and its test.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const folder = new URL('../src/checks/', import.meta.url).pathname
const hops = /pathHops = \[([^\]]*)\][\s\S]*?hops = \[\.\.\.pathHops, ([^\]]*)\]/.exec(
  readFileSync(path.join(folder, 'hop.ts'), 'utf8'),
)
const names = `${hops[1]},${hops[2]}`.match(/[a-z]+/g)

const files = names.flatMap((hop) => {
  const here = path.join(folder, hop)
  if (!existsSync(here)) return []
  return readdirSync(here, { withFileTypes: true })
    .map((entry) => (entry.isDirectory() ? `${hop}/${entry.name}/check.ts` : `${hop}/${entry.name}`))
    .filter((file) => file.endsWith('.ts'))
    .sort()
})
const text = [
  "import type { Check } from './check.ts'",
  ...files.map((file, at) => `import check${at} from './${file}'`),
  '',
  '/** Every check as it stands in the folders: by hop, then by name. Made by scripts/registry.js. */',
  `export const all: readonly Check[] = [${files.map((_, at) => `check${at}`).join(', ')}]`,
  '',
].join('\n')
const target = path.join(folder, 'all.ts')
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text)
