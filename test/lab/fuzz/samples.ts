import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { isGap } from '../../../src/evidence/gap.ts'
import type { Store } from '../../../src/evidence/store.ts'
import { fixtureNames, fixtureStore } from '../../kit/fixtures.ts'

/** A file of a recording: its path in a bundle says what reads it. */
export interface Sample {
  readonly path: string
  readonly bytes: Uint8Array
}

const captures = new URL('../../../fixtures/captures/', import.meta.url)

/** The different files of every recording, and every recorded capture. Files alike are one, and what a recording's truth is no reader of ours reads. */
export async function recordedSamples(wanted: (bundle: string) => boolean = () => true): Promise<readonly Sample[]> {
  const found = new Map<string, Sample>()
  const add = (sample: Sample) => {
    const kind = sample.path.split('/').at(-1) ?? ''
    const key = `${kind} ${createHash('sha256').update(sample.bytes).digest('hex')}`
    if (!found.has(key)) found.set(key, sample)
  }
  for (const bundle of fixtureNames.filter(wanted)) {
    const store = await fixtureStore(bundle)
    for (const path of filesIn(store, '').filter((one) => one !== 'truth.json')) {
      const bytes = store.read(path)
      if (!isGap(bytes)) add({ path, bytes })
    }
  }
  for (const name of readdirSync(captures).filter((one) => /\.pcap(ng)?$/.test(one)))
    add({ path: `captures/client/${name}`, bytes: readFileSync(new URL(name, captures)) })
  return [...found.values()].sort((one, other) => (one.path < other.path ? -1 : 1))
}

function filesIn(store: Store, folder: string): string[] {
  return store.list(folder).flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`
    const inside = filesIn(store, path)
    return inside.length === 0 ? [path] : inside
  })
}
