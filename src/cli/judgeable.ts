import { UserError } from '../evidence/user-error.ts'

/** Without a question there is no node to read; what is wrong with the question is said when it is judged. */
export function judgeable<T>(questions: () => readonly T[]): readonly T[] {
  try {
    return questions()
  } catch (error) {
    if (error instanceof UserError) return []
    throw error
  }
}
