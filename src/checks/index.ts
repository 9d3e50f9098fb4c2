import type { Check } from './check.ts'

/** Every check, hop by hop. A check exists by standing here. */
export const checks: readonly Check[] = []
