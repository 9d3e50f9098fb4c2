import { Args, Command, Flags } from '@oclif/core'
import { withDefaults } from '../cli/defaults.ts'
import { endWith, exitCodes } from '../cli/exit.ts'
import { lookOf, print } from '../cli/terminal.ts'
import { collectionSummary } from '../report/collection-summary.ts'
import { nodeScript } from '../collect/node/script.ts'
import { redacted } from '../collect/redact.ts'
import { refuseUnwritable, writeBundle } from '../collect/write-bundle.ts'
import { parseClient } from '../diagnosis/client.ts'
import { inNamespace, parseTarget } from '../diagnosis/targets.ts'
import { visible } from '../net/visible.ts'
import { UserError } from '../evidence/user-error.ts'
import { readLiveCluster } from '../cli/live.ts'
import { liveFlags } from '../cli/live-flags.ts'

export default class Collect extends Command {
  static override summary = 'Write the evidence that a live check would judge, as a bundle.'
  static override description = `A bundle is a .tar.gz or a directory that ordinary tools could have written; docs/bundle.md says how.
It holds no Secret, no token and no environment value but those that a check names.
TARGET decides which nodes are read with --nodes ssh; none means every VIP.

Exit codes: 0 written, 2 usage or bad input, 3 nothing could be read, 4 a bug in vipdoctor.`
  static override examples = [
    '<%= config.bin %> collect -o bundle.tar.gz --nodes ssh --ssh-user admin',
    '<%= config.bin %> collect -o bundle.tar.gz --redact',
    '<%= config.bin %> collect --print-node-script > node-script.sh',
  ]
  static override strict = false
  static override args = {
    target: Args.string({
      ignoreStdin: true,
      description: 'a VIP, VIP:PORT, namespace/service, or the name of a Service; may be repeated',
    }),
  }
  static override flags = {
    output: Flags.string({
      char: 'o',
      helpValue: 'PATH',
      description: 'the bundle: a file that ends in .tar.gz, or a new directory',
    }),
    force: Flags.boolean({ description: 'replace a bundle that is there already' }),
    redact: Flags.boolean({
      description: 'replace account and instance ids, public addresses, MACs, host and node names by stable stand-ins',
    }),
    'print-node-script': Flags.boolean({ description: 'print the script that reads a node, and do nothing else' }),
    fabric: Flags.option({
      options: ['auto', 'ec2', 'lan'] as const,
      default: 'auto' as const,
      description: 'what carries frames between hosts; lan asks no AWS account',
    })(),
    namespace: Flags.string({
      char: 'n',
      helpValue: 'NAME',
      description: 'the namespace of TARGET; without TARGET, all its VIPs',
    }),
    client: Flags.string({
      default: 'vpc',
      helpValue: 'WHO',
      description: 'as for check: whose packet the evidence is for',
    }),
    'vpc-id': Flags.string({
      helpValue: 'VPC',
      description: 'the VPC of the nodes, where their addresses fit more than one',
    }),
    ...liveFlags,
  }

  override async run(): Promise<void> {
    const { flags, argv } = await this.parse(Collect, withDefaults(this.config, Collect.id, this.argv, process.env))
    if (flags['print-node-script']) {
      print(nodeScript)
      return
    }
    if (flags.output === undefined)
      throw new UserError('Where the bundle goes is not said.', 'Name it: vipdoctor collect -o bundle.tar.gz')
    refuseUnwritable(flags.output, flags.force)
    const targets = inNamespace(
      argv.map((target) => parseTarget(String(target))),
      flags.namespace,
    )
    const live = await readLiveCluster(
      flags,
      { targets, client: parseClient(flags.client) },
      `${this.config.name} ${this.config.version}`,
    )
    if (live === null) return
    const { files, replaced } = flags.redact ? redacted(live.files) : { files: live.files, replaced: null }
    await writeBundle(flags.output, files, { time: live.time, force: flags.force })
    const { text, empty } = collectionSummary(visible(flags.output), files, {
      replaced,
      nodesAsked: flags.nodes !== 'none' || flags['node-output'] !== undefined,
      onLan: flags.fabric === 'lan',
      width: lookOf({ 'no-color': true }).width,
    })
    print(text)
    if (empty) endWith(exitCodes.inconclusive)
  }
}
