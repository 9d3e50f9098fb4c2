// Runs as a second thread of `check` and judges what the first leaves to it: see threads.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { openBundle } from '../../collect/open-bundle.ts'
import { lookFrom } from '../terminal.ts'
import { judgingOf } from './judging.ts'
import { nextOf, type Given } from './threads.ts'

/** So many are sent at once: what is sent lies in memory twice until it is taken. */
const together = 500

// What it throws is the thread's end, of which the first one hears.
void judge(workerData as Given)

async function judge({ task, reading, look, questions: expected, places }: Given): Promise<void> {
  const { questions, share } = judgingOf(task, await openBundle(reading.path), reading, lookFrom(look))
  while (questions.length === expected) {
    const part = share(nextOf(places, questions.length, together))
    if (part.judged.length === 0) break
    parentPort?.postMessage(part)
  }
}
