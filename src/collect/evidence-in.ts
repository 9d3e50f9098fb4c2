import { evidenceOf, type Evidence } from '../evidence/evidence.ts'
import { withLooseFiles } from '../evidence/loose/with-loose-files.ts'
import { readManifest } from '../evidence/manifest.ts'
import type { Store } from '../evidence/store.ts'
import { unreadFiles } from '../evidence/unread.ts'
import { asMetallbReads } from '../lb/metallb/config-map.ts'

/** The evidence in a store, with what lies there and nobody reads; `name` is what the store is called where it is no bundle. @throws UserError */
export function evidenceIn(store: Store, name: string): Evidence {
  const found = withLooseFiles(store)
  const evidence = evidenceOf(found, readManifest(found, name, found.notRead))
  const recordedGaps = [...evidence.recordedGaps, ...found.notRead, ...unreadFiles(found, evidence.kubernetes.nodes)]
  return asMetallbReads({ ...evidence, recordedGaps })
}
