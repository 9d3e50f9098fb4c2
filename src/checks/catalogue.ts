import type { Check } from './check.ts'
import { checks } from './index.ts'

/** What a check says of itself, as data: all of it but what runs. */
export type Catalogued = Omit<Check, 'run' | 'appliesTo'>

/** The same order as the checks have. The build puts what this yields in its place, so that whoever only reads it loads no check (scripts/bundle.js). */
export const catalogue: readonly Catalogued[] = checks.map(({ run: _, appliesTo: __, ...said }) => said)
