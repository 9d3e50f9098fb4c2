import { spawnSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { mkdirSync, appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { counted } from '../../../src/net/words.ts'
import { startCluster, type FabricKind } from './cluster.ts'
import { enclose, isEnclosed } from './enclosure.ts'
import { faults } from './faults/index.ts'
import type { Fault } from './fault.ts'
import { rightCause, rightVerdict, rightWire, tookHold, type Row } from './judge.ts'
import { allConnected, labOf, settles, type Lab } from './lab.ts'
import { lacks, lacksHere } from './needs.ts'
import type { ProxyMode } from './node.ts'
import { vip } from './plan.ts'
import { play } from './shell.ts'
import { accuracyPage, figuresBehind, tableOf } from './table.ts'
import { tryFault } from './try-fault.ts'

// make lab: breaks a real cluster in every way that vipdoctor can name, one at a time, and holds its word against what a client sees.

const { values: flags } = parseArgs({
  options: {
    fabric: { type: 'string', multiple: true },
    mode: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    only: { type: 'string' },
    part: { type: 'string', default: '0/1' },
    together: { type: 'string', default: '3' },
    skipped: { type: 'string', default: '' },
    rows: { type: 'string' },
    keep: { type: 'string' },
    shell: { type: 'boolean', default: false },
    out: { type: 'string' },
    'or-skip': { type: 'boolean', default: false },
  },
})
if (flags.keep !== undefined) mkdirSync(flags.keep, { recursive: true })
const fabrics = (flags.fabric ?? ['ec2', 'lan']) as readonly FabricKind[]

/** A lab: its network, how kube-proxy writes its rules, whether only a choice of faults is tried in it, and which part of them. */
interface Variant {
  readonly fabric: FabricKind
  readonly mode: ProxyMode
  /** Only those of every change; in another mode than iptables, which has all of them, also those of kube-proxy's rules. */
  readonly smoke: boolean
  /** `1/2` is the second of two parts. */
  readonly part: string
}

/** Every fault of the networks that were asked for. */
const whole = flags.mode === undefined && !flags.smoke && flags.only === undefined

const variants: readonly Variant[] = whole
  ? [
      ...['0/2', '1/2'].flatMap((part) =>
        fabrics.map((fabric): Variant => ({ fabric, mode: 'iptables', smoke: false, part })),
      ),
      ...fabrics.map((fabric): Variant => ({
        fabric,
        mode: fabric === 'ec2' ? 'nftables' : 'legacy',
        smoke: true,
        part: '0/1',
      })),
    ]
  : fabrics.map((fabric) => ({
      ...{ fabric, mode: (flags.mode ?? 'iptables') as ProxyMode, smoke: flags.smoke, part: flags.part },
    }))

const chosen = ({ fabric, mode, smoke, part }: Variant): readonly Fault[] => {
  const [at = 0, parts = 1] = part.split('/').map(Number)
  return faults
    .filter((one) => one.fabrics.includes(fabric) && (one.modes ?? [mode]).includes(mode))
    .filter((one) => !smoke || one.smoke === true || (one.rules === true && mode !== 'iptables'))
    .filter(({ name }) => flags.only === undefined || new RegExp(flags.only).test(name))
    .filter((_, place) => place % parts === at)
}

/** The rows of each fabric; a lab that a fault left broken is made anew for the rest. */
async function everyLab(): Promise<number> {
  const missing = lacking()
  if (missing !== null) {
    process.stderr.write(`${missing}\n`)
    return flags['or-skip'] ? 0 : 2
  }
  if (variants.every((variant) => chosen(variant).length === 0)) {
    process.stderr.write('No fault is called so.\n')
    return 2
  }
  if (flags.shell) return enclose([built, ...process.argv.slice(2)], null)
  const rows: Row[] = []
  const failed: string[] = []
  // Most of a fault's time is waiting, so clusters stand side by side.
  const waiting = [...variants]
  const inTurn = async (): Promise<number> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if ((await oneLab(next, rows, failed)) === 130) return 130
    }
    return 0
  }
  const statuses = await Promise.all(Array.from({ length: Number(flags.together) }, inTurn))
  if (statuses.includes(130)) return 130
  const table = tableOf(inOrder(rows), failed)
  process.stdout.write(table)
  const minutes = (performance.now() / 60_000).toFixed(0)
  const spent = `The run took ${minutes} minutes on ${counted(os.availableParallelism(), 'core')}.`
  process.stdout.write(`${spent}\n`)
  // A part is no page.
  if (flags.out !== undefined && whole && flags.fabric === undefined) {
    const before = existsSync(flags.out) ? readFileSync(flags.out, 'utf8') : ''
    const page = accuracyPage(table, spent) + figuresBehind(before)
    const style = await resolveConfig(flags.out)
    writeFileSync(flags.out, await format(page, { ...style, filepath: flags.out }))
  }
  const wrong = rows.filter((row) => !tookHold(row) || !rightVerdict(row) || !rightCause(row) || !rightWire(row))
  return failed.length > 0 || (flags.smoke && wrong.length > 0) ? 1 : 0
}

/** What keeps the lab from running, once Go and Python have made what they make. */
function lacking(): string | null {
  const here = lacksHere()
  if (here !== null) return here
  spawnSync('bash', ['scripts/e2e-tools', 'lab'], { stdio: ['ignore', 'inherit', 'inherit'] })
  return lacks()
}

/** What scripts/run-ts.js made of this file. */
const built = path.resolve('node_modules/.cache/vipdoctor/test-lab-cluster-main.js')

/** Rows as the variants stand, and within one as the faults do. */
function inOrder(rows: readonly Row[]): readonly Row[] {
  const labs = variants.map(({ fabric, mode }) => `${fabric} ${mode}`)
  const names = faults.map(({ name }) => name)
  const place = ({ fabric, mode, fault }: Row): number =>
    labs.indexOf(`${fabric} ${mode}`) * names.length + names.indexOf(fault)
  return rows.toSorted((one, other) => place(one) - place(other))
}

async function oneLab(variant: Variant, rows: Row[], failed: string[]): Promise<number> {
  const { fabric, mode, smoke, part } = variant
  const all = chosen(variant)
  for (let done = 0; done < all.length;) {
    const before = done
    const status = await enclose(
      [
        ...[built, ...process.argv.slice(2), '--fabric', fabric, '--mode', mode],
        ...[...(smoke ? ['--smoke'] : []), '--part', part, '--skipped', String(done)],
      ],
      (line) => {
        rows.push(JSON.parse(line) as Row)
        if (flags.rows !== undefined) appendFileSync(flags.rows, `${line}\n`)
        done++
      },
    )
    if (status === 130) return 130
    if (status !== 0 && done === before) {
      failed.push(`${fabric}, ${mode}: ${all[done]?.name ?? ''}`)
      done++
    }
  }
  return 0
}

/** Inside: one cluster, one fault after the other; each row is a line of JSON on standard output. */
async function breakAll(variant: Variant, from: number): Promise<number> {
  const { fabric, mode } = variant
  const began = Date.now()
  const tell = (what: string): void => {
    process.stderr.write(`[${fabric}, ${mode} ${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s] ${what}\n`)
  }
  const lab = labOf(await startCluster(fabric, mode, tell))
  if (!(await healthy(lab))) throw new Error('the lab is not healthy before anything was broken')
  const [first] = chosen(variant).filter(({ causes }) => causes.length > 0)
  if (flags.shell && first !== undefined) {
    // Ctrl-C is for what runs in the shell.
    process.on('SIGINT', () => undefined)
    await play(lab, first)
    return 0
  }
  for (const fault of chosen(variant).slice(from)) {
    tell(fault.name)
    const row = await tryFault(lab, fault, flags.keep ?? null)
    await new Promise((resolve) => process.stdout.write(`${JSON.stringify(row)}\n`, resolve))
    const times = Object.entries(row.times).map(([what, each]) => `${what} ${each.toFixed(0)} s`)
    tell(`  ${row.verdict}, ${row.causes.join(', ') || 'none'}: ${row.mending} (${times.join(', ')})`)
    if (!(await healthy(lab))) {
      tell('  the lab does not recover, and is made anew')
      return 3
    }
  }
  return 0
}

const healthy = async (lab: Lab): Promise<boolean> => allConnected(await settles(lab, 'bastion', vip, true, 90))

if (isEnclosed()) {
  const fabric = (flags.shell ? fabrics[0] : fabrics.at(-1)) ?? 'ec2'
  const mode = (flags.mode ?? 'iptables') as ProxyMode
  process.exit(await breakAll({ fabric, mode, smoke: flags.smoke, part: flags.part }, Number(flags.skipped)))
}
process.exitCode = await everyLab()
