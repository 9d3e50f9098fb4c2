import { Args, Command, Flags } from '@oclif/core'
import { checks } from '../checks/index.ts'
import { UserError } from '../evidence/user-error.ts'
import { explanation } from '../report/explanation.ts'
import { lookOf, print } from '../cli/terminal.ts'

export default class Explain extends Command {
  static override summary = 'Say what a finding means, how to see it by hand, and how to mend it.'
  static override examples = ['<%= config.bin %> explain delivery/vip-not-owned']
  static override args = {
    id: Args.string({ required: true, description: 'the id of a check, as `vipdoctor checks` lists it' }),
  }
  static override flags = { 'no-color': Flags.boolean({ description: 'no colour, also on a terminal' }) }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain)
    const check = checks.find(({ id }) => id === args.id)
    if (check === undefined) {
      const near = checks.filter(({ id }) => id.endsWith(`/${args.id}`)).map(({ id }) => id)
      throw new UserError(
        `There is no check ${args.id}.`,
        near.length > 0 ? `Did you mean ${near.join(' or ')}?` : '`vipdoctor checks` lists them.',
      )
    }
    print(explanation(check, lookOf(flags)))
  }
}
