// What every benchmark needs: whole processes timed by turns, so that a noisy moment of the machine hits ours and the peer alike.
import { spawnSync } from 'node:child_process'

export const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]

/**
 * Runs commands by turns and gives for each the median of its seconds and of its greatest resident memory.
 *
 * @param {readonly {command: readonly string[], input?: string}[]} cases
 * @param {number} runs at least five
 * @returns {{seconds: number, residentMiB: number}[]}
 */
export function byTurns(cases, runs = 5) {
  const samples = cases.map(() => [])
  for (let run = 0; run < runs; run += 1) {
    for (const [index, { command, input }] of cases.entries()) samples[index].push(timed(command, input))
  }
  return samples.map((many) => ({
    seconds: median(many.map(({ seconds }) => seconds)),
    residentMiB: median(many.map(({ residentMiB }) => residentMiB)),
  }))
}

/** One run of one command; its memory is what the kernel counted for it (ru_maxrss, read by a wrapper in the child's parent). */
function timed([program, ...args], input) {
  const script = `import resource,subprocess,sys,time
t=time.monotonic();r=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.PIPE)
s=time.monotonic()-t
if r.returncode not in (0,1,3): sys.stderr.write(r.stderr.decode()); sys.exit(9)
print(s,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)`
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script, program, ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  const [seconds, kibibytes] = stdout.trim().split(' ').map(Number)
  return { seconds, residentMiB: kibibytes / 1024 }
}
