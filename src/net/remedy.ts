/** What a user can type on his own machine, and what it changes besides. Of the shape of a check's fix; never run by this program. */
export interface Remedy {
  readonly commands: readonly string[]
  readonly changes: string
}
