import { UserError } from '../evidence/user-error.ts'
import { didYouMean } from '../net/nearest.ts'

/** What is said of a command that there is not, as oclif writes it (`capture:arpp`): the nearest one of those that there are. */
export function unknownCommand(id: string, commandIds: readonly string[]): UserError {
  const commands = commandIds.map((one) => one.replaceAll(':', ' '))
  const typed = id.split(':')
  const topic = commands.some((name) => name.startsWith(`${typed[0] ?? ''} `))
  // What stands behind a command is its target; only a topic has a second word.
  const asked = topic ? typed.slice(0, 2).join(' ') : (typed[0] ?? '')
  const firstWords = commands.map((name) => (topic ? name : (name.split(' ')[0] ?? '')))
  const suggestion = didYouMean(asked, firstWords) ?? '`vipdoctor help` lists the commands.'
  return new UserError(`There is no command ${asked}.`, suggestion)
}
