// What every benchmark needs: whole processes timed by turns, so that a noisy moment of the machine hits ours and the peer alike.
import { spawnSync } from 'node:child_process'

const root = new URL('..', import.meta.url).pathname

export const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]

let reference = null

/** From here on each of our commands runs beside the same one of another revision, built in that folder (ends with a slash), and no peer does. */
export function compareWith(otherRoot) {
  reference = otherRoot
}

export const comparing = () => reference !== null

/**
 * Runs commands by turns and gives for each the median of its seconds and of its greatest resident memory, and the least of what it spent of
 * the processor (user and system), which a busy machine disturbs less. Compared with another revision,
 * of both the least of all runs: `compared` is null for a command that is not ours.
 *
 * @param {readonly {command: readonly string[], input?: string}[]} cases
 * @param {number} runs at least five
 * @returns {{seconds: number, residentMiB: number, cpuSeconds?: number, compared?: null | {ours: object, reference: object}}[]}
 */
export function byTurns(cases, runs = 5) {
  if (reference !== null) return cases.map((one) => beside(one, runs))
  const samples = cases.map(() => [])
  for (let run = 0; run < runs; run += 1) {
    for (const [index, { command, input }] of cases.entries()) samples[index].push(timed(command, input))
  }
  return samples.map((many) => ({
    seconds: median(many.map(({ seconds }) => seconds)),
    residentMiB: median(many.map(({ residentMiB }) => residentMiB)),
    cpuSeconds: least(many).cpuSeconds,
  }))
}

/** One command of ours and the same of the reference, by turns. */
function beside({ command, input }, runs) {
  const other = command.map((word) => (word.startsWith(root) ? reference + word.slice(root.length) : word))
  if (other.every((word, at) => word === command[at])) return { seconds: null, residentMiB: null, compared: null }
  const samples = { ours: [], reference: [] }
  for (let run = 0; run < runs; run += 1) {
    samples.ours.push(timed(command, input))
    try {
      samples.reference.push(timed(other, input))
    } catch (error) {
      // A format or a flag that there was not yet.
      console.error(`Not compared: ${error.message}`)
      return { seconds: null, residentMiB: null, compared: null }
    }
  }
  const compared = Object.fromEntries(Object.entries(samples).map(([whose, many]) => [whose, least(many)]))
  return { seconds: compared.ours.cpuSeconds, residentMiB: compared.ours.residentMiB, compared }
}

const least = (many) => ({
  seconds: Math.min(...many.map(({ seconds }) => seconds)),
  cpuSeconds: Math.min(...many.map(({ cpuSeconds }) => cpuSeconds)),
  residentMiB: Math.min(...many.map(({ residentMiB }) => residentMiB)),
})

/**
 * One run of one command; its memory and its processor's time are what the kernel counted for it (getrusage, in the child's parent). What went
 * before is taken off: where `python3` is a script that starts the real one, its children count as this one's, too.
 */
function timed([program, ...args], input) {
  const script = `import resource,subprocess,sys,time
usage=lambda: resource.getrusage(resource.RUSAGE_CHILDREN)
spent=lambda u: u.ru_utime+u.ru_stime
before=spent(usage());t=time.monotonic();r=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.PIPE)
s=time.monotonic()-t
if r.returncode not in (0,1,3): sys.stderr.write(r.stderr.decode()); sys.exit(9)
u=usage()
print(s,u.ru_maxrss,spent(u)-before)`
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script, program, ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  const [seconds, kibibytes, cpuSeconds] = stdout.trim().split(' ').map(Number)
  return { seconds, residentMiB: kibibytes / 1024, cpuSeconds }
}
