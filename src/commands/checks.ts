import { Command } from '@oclif/core'
import { print } from '../cli/terminal.ts'
import { checks } from '../checks/index.ts'
import { checkList } from '../report/check-list.ts'

export default class Checks extends Command {
  static override summary = 'List every check, hop by hop.'

  override async run(): Promise<void> {
    await this.parse(Checks)
    print(checkList(checks))
  }
}
