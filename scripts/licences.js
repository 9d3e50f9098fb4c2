import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * The licences and notices of the packages to which these modules belong, as one text, by the packages' names.
 *
 * @throws Error for a package that brings no text and names no licence.
 */
export function licencesOf(modules) {
  const folders = modules.flatMap((module) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module)?.[0] ?? [])
  return [...new Set(folders)]
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ folder, name, version, license }) => {
      const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
      if (texts.length === 0 && license === undefined) throw new Error(`${name} ${version} says nothing of its licence`)
      const head = `${name} ${version}${license === undefined ? '' : ` (${license})`}`
      return [head, ...texts.map((file) => readFileSync(path.join(folder, file), 'utf8').trim())].join('\n\n')
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`)
    .concat('\n')
}
