import { Command, Flags } from '@oclif/core'
import { lookOf, print } from '../cli/terminal.ts'
import { catalogue } from '../checks/catalogue.ts'
import { checkList } from '../report/check-list.ts'
import { checkListJson } from '../report/explanation.ts'

export default class Checks extends Command {
  static override summary = 'List every check, hop by hop.'
  static override description = 'Each with what is true when it passes. In a pipe a check is one line.'
  static override flags = {
    output: Flags.option({
      options: ['text', 'json'] as const,
      default: 'text' as const,
      char: 'o',
      description: 'format',
    })(),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(Checks)
    const width = process.stdout.isTTY ? lookOf({ 'no-color': true }).width : Infinity
    print(flags.output === 'json' ? checkListJson(catalogue) : checkList(catalogue, width))
  }
}
