import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { testNeeding } from '../kit/needing.ts'

const bin = path.join(import.meta.dirname, '../../bin/run.js')
const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-completion-'))
const at = (shell: string): string => path.join(folder, shell)

beforeAll(() => {
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(at(shell), execFileSync(process.execPath, [bin, 'completion', shell]))
  writeFileSync(path.join(folder, 'bundle.tar.gz'), '')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** What is typed before a TAB, and what the shell offers then. */
const typed: readonly (readonly [string, readonly string[]])[] = [
  ['vipdoctor che', ['check', 'checks']],
  ['vipdoctor capture ', ['arp', 'bgp', 'ndp']],
  ['vipdoctor capture arp --seen', ['--seen-from']],
  ['vipdoctor check --node-add', ['--node-addresses']],
  ['vipdoctor check --nodes ', ['local', 'none', 'pod', 'ssh']],
  ['vipdoctor check --bundle bun', ['bundle.tar.gz']],
  ['vipdoctor explain delivery/vip-', ['delivery/vip-aligned-with-subnet', 'delivery/vip-not-owned']],
  ['vipdoctor completion f', ['fish']],
]

test.each(typed)('bash completes "%s"', (line, offers) => {
  const words = line.split(' ')
  const list = words.map((word) => `'${word}'`).join(' ')
  const script = `source ${at('bash')}; COMP_WORDS=(${list}); COMP_CWORD=${String(words.length - 1)}; _vipdoctor; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', cwd: folder })
  expect(stderr).toBe('')
  expect(stdout.trim().split('\n').sort()).toEqual([...offers])
})

test('bash completes the value behind "="', () => {
  const script = `source ${at('bash')}; COMP_WORDS=(vipdoctor check --output = j); COMP_CWORD=4; _vipdoctor; echo "\${COMPREPLY[@]}"`
  expect(spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' }).stdout).toBe('json junit\n')
})

testNeeding('fish').each(typed)('fish completes "%s"', (line, offers) => {
  const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', `source ${at('fish')}; complete -C '${line}'`], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, HOME: folder },
  })
  expect(stderr).toBe('')
  const offered = stdout
    .trimEnd()
    .split('\n')
    .map((one) => one.split('\t')[0])
  expect(offered.sort()).toEqual([...offers])
})

/** An interactive zsh on a terminal of its own, the only place where it completes; what it calls to add an offer writes it down. */
const zshTyping = (line: string): string => `
zmodload zsh/zpty
zpty z 'PS1= TERM=dumb zsh -f -i'
zpty -w z 'autoload -U compinit; compinit -u -D; source ${at('zsh')}'
zpty -w z 'compadd() { local -a got; builtin compadd -O got "$@"; print -rl -- $got >> ${folder}/offers; builtin compadd "$@" }'
zpty -w -n z $'${line}\\t'
repeat 50 { [ -s ${folder}/offers ] && break; sleep 0.1 }
sleep 0.2
zpty -d z
`
testNeeding('zsh').each(typed)('zsh completes "%s"', (line, offers) => {
  rmSync(path.join(folder, 'offers'), { force: true })
  const { stderr } = spawnSync('zsh', ['-f', '-c', zshTyping(line)], {
    encoding: 'utf8',
    cwd: folder,
    timeout: 120_000,
  })
  expect(stderr).toBe('')
  const offered = execFileSync('sort', ['-u', path.join(folder, 'offers')], { encoding: 'utf8' })
  expect(
    offered
      .trim()
      .split('\n')
      .filter((one) => one !== ''),
  ).toEqual([...offers])
})
