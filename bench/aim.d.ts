/** The least and the most that each figure may be, by its name. */
export type Aim = Readonly<Record<string, readonly number[]>>
export function isMet(aim: Aim, row: Readonly<Record<string, unknown>>): boolean
export function inWords(aim: Aim): string
