import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Share } from '../../diagnosis/diagnose.ts'
import type { Answer } from '../../diagnosis/diagnosis.ts'
import type { Kept } from '../../report/all-reports.ts'
import type { Reading } from '../../report/reading.ts'
import type { LookAsData } from '../terminal.ts'
import type { Judging, Task } from './judging.ts'

/** What a second thread is given. It reads the bundle for itself: objects of one thread are not seen by another. */
export interface Given {
  readonly task: Task
  readonly reading: Extract<Reading, { from: 'bundle' }>
  readonly look: LookAsData
  /** How many questions there are: a bundle that has others by now is not the one that is judged. */
  readonly questions: number
  /** The first place that nobody has taken yet. */
  readonly places: SharedArrayBuffer
}

/** What is known of it before it is there. */
type Order = Pick<Given, 'task' | 'reading' | 'look'>

/** From so many questions on a second reading of the bundle costs less time than it saves. */
const worthAnother = 2000

/**
 * Judges all questions: thousands of them on two processors, where there are two and the evidence is a bundle. Each thread takes the next
 * question whenever it is done with one, so that it does not matter how fast either is or when it began.
 */
export async function judgeAll(judging: Judging, given: Order | null): Promise<Answer<Kept>> {
  const { questions, reports, share, answer } = judging
  const pays = questions.length >= worthAnother && availableParallelism() > 1
  if (questions.length === 1) return answer([share([0])])
  return withoutTenure(async () =>
    given === null || file === undefined || !pays || reports.inOrder
      ? answer([share(questions.keys())])
      : answer(await inTwoThreads(judging, given, new URL('cli/judging/thread.js', file))),
  )
}

async function inTwoThreads({ questions, share }: Judging, given: Order, thread: URL) {
  const places = new SharedArrayBuffer(4)
  const others = sharesOf(
    new Worker(thread, { workerData: { ...given, questions: questions.length, places } satisfies Given }),
  )
  // Awaited below: until then a failure is no unhandled one.
  others.catch(() => undefined)
  const own = share(nextOf(places, questions.length))
  const shares = [own, ...(await others)]
  const judged = new Set(shares.flatMap((one) => one.judged.map(({ at }) => at)))
  // What it took and had not the memory for.
  const left = [...questions.keys()].filter((at) => !judged.has(at))
  return left.length === 0 ? shares : [...shares, share(left)]
}

/**
 * V8 makes at once in its old generation what a place of the program made long-lived before. While one VIP is judged all of its findings live,
 * so V8 learns that they do for ever; then they lie there, dead, until the whole heap is looked through: of 10,000 VIPs as much as all else.
 * Behind it the flag is as it was: V8 takes compiled code only under the flags under which it was kept.
 */
async function withoutTenure<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString('--no-allocation-site-pretenuring')
  try {
    return await work()
  } finally {
    setFlagsFromString('--allocation-site-pretenuring')
  }
}

/** Where scripts/bundle.js puts it; run from source the program has one thread. */
const file = /^.*\/dist\/bundle\//.exec(import.meta.url)?.[0]

/** The places that nobody has taken yet, one after the other; at most so many. */
export function* nextOf(places: SharedArrayBuffer, all: number, most = all): Generator<number> {
  const counter = new Int32Array(places)
  for (let taken = 0; taken < most; taken += 1) {
    const at = Atomics.add(counter, 0, 1)
    if (at >= all) return
    yield at
  }
}

/** What a thread sends until it ends. @throws whatever it throws, but for want of memory. */
function sharesOf(worker: Worker): Promise<Share<Kept>[]> {
  const shares: Share<Kept>[] = []
  return new Promise((resolve, reject) => {
    worker.on('message', (share: Share<Kept>) => {
      shares.push(share)
    })
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve(shares)
      else reject(error)
    })
    worker.on('exit', () => {
      resolve(shares)
    })
  })
}
