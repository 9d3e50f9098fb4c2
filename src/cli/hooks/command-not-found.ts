import type { Hook } from '@oclif/core'
import { UserError } from '../../evidence/user-error.ts'
import { didYouMean } from '../../net/nearest.ts'

/** oclif asks this where no command has the name that was typed. @throws UserError with the nearest one. */
const commandNotFound: Hook<'command_not_found'> = ({ id, config }) => {
  const commands = config.commandIDs.map((one) => one.replaceAll(':', ' '))
  const typed = id.split(':')
  const topic = commands.some((name) => name.startsWith(`${typed[0] ?? ''} `))
  // What stands behind a command is its target; only a topic has a second word.
  const asked = topic ? typed.slice(0, 2).join(' ') : (typed[0] ?? '')
  const firstWords = commands.map((name) => (topic ? name : (name.split(' ')[0] ?? '')))
  const suggestion = didYouMean(asked, firstWords) ?? '`vipdoctor help` lists the commands.'
  return Promise.reject(new UserError(`There is no command ${asked}.`, suggestion))
}

export default commandNotFound
