/** How the evidence came here, as far as it decides which command would read more. `flags` are those of the run, to be typed again. */
export type Reading =
  | { readonly from: 'bundle'; readonly path: string }
  | {
      readonly from: 'live'
      readonly nodes: string
      readonly region: string | null
      readonly flags: readonly string[]
    }
