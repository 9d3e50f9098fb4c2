/** Who speaks: name and version as in package.json. */
export interface Tool {
  readonly name: string
  readonly version: string
}
