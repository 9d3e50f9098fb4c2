import { Worker } from 'node:worker_threads'

/** Told of each input before it is read; kills the process where none was begun for a minute. */
export interface Watchdog {
  readonly begin: (input: string) => void
  readonly end: () => void
}

const longest = 1000

/** Another thread, since the one that hangs cannot say so: it prints the name of the input that was begun last. */
export function watchdog(): Watchdog {
  const count = new Int32Array(new SharedArrayBuffer(4))
  const name = new Uint8Array(new SharedArrayBuffer(longest))
  const worker = new Worker(watching, { eval: true, workerData: { count, name } })
  worker.unref()
  const encoder = new TextEncoder()
  return {
    begin(input) {
      name.fill(32)
      encoder.encodeInto(input, name)
      Atomics.add(count, 0, 1)
    },
    end: () => void worker.terminate(),
  }
}

const watching = `
const { writeSync } = require('node:fs')
const { workerData: { count, name } } = require('node:worker_threads')
let seen = 0
setInterval(() => {
  const now = Atomics.load(count, 0)
  if (now !== seen) { seen = now; return }
  writeSync(1, 'no end for a minute: ' + Buffer.from(name).toString().trimEnd() + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, 60_000)
`
