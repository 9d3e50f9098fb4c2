import { Args, Command } from '@oclif/core'
import { catalogue } from '../checks/catalogue.ts'
import { hops } from '../checks/hop.ts'
import { describedCommands } from '../cli/described.ts'
import { print } from '../cli/terminal.ts'
import { completionScript, shells } from '../report/completion.ts'

export default class Completion extends Command {
  static override summary = 'Print the script by which a shell completes commands, flags and ids.'
  static override description = 'The script stands for itself: at a TAB no program is started.'
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion zsh > "${fpath[1]}/_<%= config.bin %>"',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/<%= config.bin %>.fish',
  ]
  static override args = {
    shell: Args.string({ required: true, ignoreStdin: true, options: [...shells], description: 'bash, zsh or fish' }),
  }

  override async run(): Promise<void> {
    const { args } = await this.parse(Completion)
    const words: Readonly<Record<string, readonly string[]>> = {
      explain: [...hops, ...catalogue.map(({ id }) => id)],
      completion: shells,
    }
    const commands = describedCommands(this.config).map((command) => ({ ...command, words: words[command.name] ?? [] }))
    const shell = shells.find((one) => one === args.shell)
    if (shell !== undefined) print(completionScript(shell, commands))
  }
}
