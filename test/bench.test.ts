import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const files = readdirSync(path.join(root, 'bench'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.js'),
)

/** What the benchmarks take from the modules of the program, by file and name: nothing compiles them, and they run by hand alone. */
const taken = files.flatMap((file) => {
  const text = readFileSync(path.join(root, 'bench', file), 'utf8')
  return [...text.matchAll(/^import \{([^}]+)\} from '(?:\.\.\/)+dist\/(.+)\.js'$/gm)].flatMap(
    ([, names = '', from = '']) => names.split(',').map((name) => [file, name.trim(), `src/${from}.ts`] as const),
  )
})

test.each(taken)('bench/%s finds %s in %s', (_, name, source) => {
  expect(readFileSync(path.join(root, source), 'utf8')).toMatch(
    new RegExp(`^export (?:async )?(?:const|function\\*?|class) ${name}\\b`, 'm'),
  )
})
