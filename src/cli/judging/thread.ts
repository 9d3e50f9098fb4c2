// Runs as a second thread of `check` and judges what the first leaves to it: see threads.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { openBundle } from '../../collect/open-bundle.ts'
import { lookFrom } from '../terminal.ts'
import { judgingOf } from './judging.ts'
import { nextOf, type Given } from './threads.ts'

/** So many are sent at once: what is sent lies in memory twice until it is taken. */
const together = 500

const { task, reading, look, places } = workerData as Given
const evidence = await openBundle(reading.path)
const { questions, share } = judgingOf(task, evidence, reading, lookFrom(look))
for (;;) {
  const part = share(nextOf(places, questions.length, together))
  if (part.judged.length === 0) break
  parentPort?.postMessage(part)
}
