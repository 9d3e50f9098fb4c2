import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import os from 'node:os'
import { labels } from './manifest.ts'
import type { PodSeen } from './state.ts'

/**
 * The label of this run's pods: where it runs, its process, when it began. By it a later run on the same machine knows that the process
 * is gone, and what it left.
 */
export const thisRun = (): string =>
  `${thisPlace()}-${String(process.pid)}-${Math.round(performance.timeOrigin).toString(36)}`

/** A machine since its last start, and in it a process namespace; where Linux does not tell, its name and its interfaces. */
function thisPlace(): string {
  const told = [
    reading(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    reading(() => readlinkSync('/proc/self/ns/pid')),
  ]
  const interfaces = Object.values(os.networkInterfaces()).flatMap((list) => (list ?? []).map(({ mac }) => mac))
  const known = told.includes('') ? [os.hostname(), ...interfaces.sort()] : told
  return createHash('sha256').update(known.join('\n')).digest('hex').slice(0, 10)
}

function reading(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** How much longer than its own deadline a pod is believed to be somebody's: clocks differ, and the kubelet needs a moment. */
const graceSeconds = 60

/**
 * Whether a pod is nobody's any more: it has ended, or is past its own deadline, or the process that made it ran on this machine and is
 * gone. What another machine's run still uses is left alone.
 */
export function isLeftOver({ metadata, spec, status }: PodSeen, own: string, nowMs: number): boolean {
  const run = metadata?.labels?.[labels.run] ?? ''
  if (run === own || metadata?.deletionTimestamp !== undefined) return false
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true
  const [place, pid] = run.split('-')
  if (place === own.split('-')[0] && !isAlive(Number(pid))) return true
  const ageSeconds = (nowMs - Date.parse(metadata?.creationTimestamp ?? '')) / 1000
  return ageSeconds > (spec?.activeDeadlineSeconds ?? 0) + graceSeconds
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process may not be asked, and is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
