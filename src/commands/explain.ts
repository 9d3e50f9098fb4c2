import { Args, Command, Flags } from '@oclif/core'
import { catalogue } from '../checks/catalogue.ts'
import { hops } from '../checks/hop.ts'
import { UserError } from '../evidence/user-error.ts'
import { didYouMean } from '../net/nearest.ts'
import { checksOfCode } from '../report/aws-codes.ts'
import { explained, explanation, explanationJson } from '../report/explanation.ts'
import { lookOf, print } from '../cli/terminal.ts'

export default class Explain extends Command {
  static override summary = 'Say what a finding means, how to see it by hand, and how to mend it.'
  static override description = `ID is a finding as a report names it, a hop, or an explanation code of AWS Reachability Analyzer.`
  static override examples = [
    '<%= config.bin %> explain delivery/vip-not-owned',
    '<%= config.bin %> explain delivery',
    '<%= config.bin %> explain ENI_ADDRESS_RESTRICTION',
  ]
  static override args = {
    id: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'the id of a check, as `vipdoctor checks` lists it; a hop; a code of AWS Reachability Analyzer',
    }),
  }
  static override flags = {
    output: Flags.option({
      options: ['text', 'json'] as const,
      default: 'text' as const,
      char: 'o',
      description: 'format',
    })(),
    'no-color': Flags.boolean({ description: 'no colour, also on a terminal' }),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain)
    const asked = explained(args.id, catalogue)
    if (asked === null)
      throw new UserError(
        `There is no check, hop or AWS code ${args.id}.`,
        didYouMean(args.id, [...catalogue.map(({ id }) => id), ...hops, ...Object.keys(checksOfCode)]) ??
          '`vipdoctor checks` lists the checks.',
      )
    print(flags.output === 'json' ? explanationJson(asked) : explanation(asked, lookOf(flags)))
  }
}
