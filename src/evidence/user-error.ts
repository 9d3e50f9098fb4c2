/**
 * A user's mistake: the command prints `message` and, where there is one, `suggestion`; no stack; exit code 2.
 * Everything that is not one of these and reaches the top is a bug of this program.
 */
export class UserError extends Error {
  readonly suggestion: string | null

  constructor(message: string, suggestion: string | null = null, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UserError'
    this.suggestion = suggestion
  }
}
