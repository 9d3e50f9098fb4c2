import type { Check } from './check.ts'
import { checks } from './index.ts'

/** What a check says of itself, as data. */
export type Catalogued = Pick<
  Check,
  'id' | 'title' | 'blocks' | 'on' | 'announcer' | 'needs' | 'alsoReads' | 'consequenceOf' | 'docs'
>

/** The same order as the checks have. The build puts what this yields in its place, so that whoever only reads it loads no check (scripts/bundle.js). */
export const catalogue: readonly Catalogued[] = checks.map(
  ({ id, title, blocks, on, announcer, needs, alsoReads, consequenceOf, docs }) => ({
    ...{ id, title, blocks, needs, docs },
    ...(on === undefined ? {} : { on }),
    ...(announcer === undefined ? {} : { announcer }),
    ...(alsoReads === undefined ? {} : { alsoReads }),
    ...(consequenceOf === undefined ? {} : { consequenceOf }),
  }),
)
