import { Worker } from 'node:worker_threads'

/** Told of each input before it is read; kills the process where none was begun for a minute. */
export interface Watchdog {
  readonly begin: (seed: number, index: number) => void
  readonly end: () => void
}

/** Another thread, since the one that hangs cannot say so. What it prints makes the input again: the seed of its round, and which of `names` it was. */
export function watchdog(names: readonly string[]): Watchdog {
  const shared = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT))
  const worker = new Worker(watching, { eval: true, workerData: { shared, names } })
  worker.unref()
  let count = 0
  return {
    begin(seed, index) {
      count = (count + 1) | 0
      shared[1] = seed
      shared[2] = index
      Atomics.store(shared, 0, count)
    },
    end: () => void worker.terminate(),
  }
}

const watching = `
const { writeSync } = require('node:fs')
const { workerData: { shared, names } } = require('node:worker_threads')
let seen = 0
setInterval(() => {
  const now = Atomics.load(shared, 0)
  if (now !== seen) { seen = now; return }
  writeSync(1, 'no end for a minute: seed ' + shared[1] + ', input ' + shared[2] + ', ' + names[shared[2]] + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, 60_000)
`
