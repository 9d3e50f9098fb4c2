// Another revision of this repository, built in a temporary folder, to be run beside this one.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryFolder } from './folder.js'

const root = new URL('..', import.meta.url).pathname

/** Builds that revision (a commit, tag or branch; throws where there is none) and gives its folder, which ends with a slash. */
export function builtRevision(ref) {
  const folder = path.join(temporaryFolder(), 'reference/')
  mkdirSync(folder)
  const archive = execFileSync('git', ['archive', '--format=tar', `${ref}^{commit}`], { cwd: root, maxBuffer: 1 << 30 })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  const run = (program, ...args) => {
    const { status } = spawnSync(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) throw new Error(`${ref}: ${program} ${args.join(' ')} ended with ${String(status)}`)
  }
  const lock = (of) => readFileSync(path.join(of, 'package-lock.json'), 'utf8')
  if (lock(folder) === lock(root))
    cpSync(`${root}node_modules`, `${folder}node_modules`, { recursive: true, verbatimSymlinks: true })
  else run('npm', 'ci', '--no-audit', '--no-fund', '--ignore-scripts')
  run('npm', 'run', '--silent', 'build')
  run('node_modules/.bin/tsc', '-p', 'tsconfig.build.json')
  return folder
}
