import type { Hook } from '@oclif/core'
import { unknownCommand } from '../unknown-command.ts'

/** oclif asks this where no command has the name that was typed. @throws UserError with the nearest one. */
const commandNotFound: Hook<'command_not_found'> = ({ id, config }) =>
  Promise.reject(unknownCommand(id, config.commandIDs))

export default commandNotFound
