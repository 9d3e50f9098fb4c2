import { Args, Command, Flags } from '@oclif/core'
import { parseClient } from '../diagnosis/client.ts'
import { packetsToTrace } from '../diagnosis/trace-target.ts'
import { tracedPacket } from '../diagnosis/traced-packet.ts'
import { openBundle } from '../collect/open-bundle.ts'
import { UserError } from '../evidence/user-error.ts'
import { traceJson } from '../report/trace-json.ts'
import { traceText } from '../report/trace.ts'
import { endWith, exitCodes } from '../cli/exit.ts'
import { lookOf, print } from '../cli/terminal.ts'
import { recognisedFabric } from '../fabric/recognise.ts'

export default class Trace extends Command {
  static override summary = 'Say rule by rule what the kernel of one node does with a packet.'
  static override description = `Follows the first packet of a connection through the node's packet filter (iptables, nftables, IPVS) and routes, and where it is sent on to a pod of another node, through that node's. Every rule that decided something is printed with its line in the dump, every way that the packet may take with its share.

Exit codes: 0 traced, 2 usage or bad input, 3 where the node's rules or routes are not known, 4 a bug in vipdoctor.`
  static override examples = [
    '<%= config.bin %> trace 10.240.0.100:80 --node worker-0 --bundle bundle.tar.gz',
    '<%= config.bin %> trace 10.32.0.10:53/udp --node worker-0 --client pod/default/web-0 --bundle bundle.tar.gz',
  ]
  static override args = {
    target: Args.string({
      required: true,
      description: 'a VIP (all its ports), ADDRESS:PORT, ADDRESS:PORT/udp, or namespace/service',
    }),
  }
  static override flags = {
    node: Flags.string({ required: true, helpValue: 'NAME', description: 'the node where the packet comes in' }),
    bundle: Flags.string({ required: true, helpValue: 'PATH', description: 'a directory or a .tar.gz' }),
    client: Flags.string({
      default: 'vpc',
      helpValue: 'WHO',
      description:
        'an address, a CIDR, vpc (another host in the node’s subnet), internet, node/NAME, pod/NAMESPACE/NAME',
    }),
    output: Flags.option({
      options: ['text', 'json'] as const,
      default: 'text' as const,
      char: 'o',
      description: 'format of the report',
    })(),
    'no-color': Flags.boolean({ description: 'no colour, also on a terminal (NO_COLOR does the same)' }),
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Trace)
    const client = parseClient(flags.client)
    const evidence = await openBundle(flags.bundle)
    if (!evidence.nodeNames.includes(flags.node))
      throw new UserError(
        `Nothing was read from a node ${flags.node}.`,
        evidence.nodeNames.length === 0 ? null : `The evidence has ${evidence.nodeNames.join(', ')}.`,
      )
    const asked = { client, fabric: recognisedFabric(evidence), vpcId: null }
    const packets = packetsToTrace(evidence, args.target, asked).map((question) =>
      tracedPacket(evidence, question, flags.node),
    )
    const tool = { name: this.config.name, version: this.config.version }
    print(flags.output === 'json' ? traceJson(packets, tool) : traceText(packets, lookOf(flags)))
    if (packets.some(({ gap }) => gap !== null)) endWith(exitCodes.inconclusive)
  }
}
