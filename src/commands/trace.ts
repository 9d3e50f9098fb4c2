import { Args, Command, Flags } from '@oclif/core'
import { parseClient } from '../diagnosis/client.ts'
import { packetsToTrace } from '../diagnosis/trace-target.ts'
import { tracedPacket } from '../diagnosis/traced-packet.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { UserError } from '../evidence/user-error.ts'
import { nodesForTrace } from '../journey/nodes-for-vip.ts'
import { didYouMean } from '../net/nearest.ts'
import { inWords } from '../net/words.ts'
import { traceJson } from '../report/trace-json.ts'
import { traceText } from '../report/trace.ts'
import { evidenceOf } from '../cli/evidence.ts'
import { withDefaults } from '../cli/defaults.ts'
import { endWith, exitCodes } from '../cli/exit.ts'
import { judgeable } from '../cli/judgeable.ts'
import type { Asked } from '../cli/live.ts'
import { liveFlags } from '../cli/live-flags.ts'
import { lookOf, print } from '../cli/terminal.ts'
import { recognisedFabric } from '../fabric/recognise.ts'

export default class Trace extends Command {
  static override summary = 'Say rule by rule what the kernel of one node does with a packet.'
  static override description = `Follows the first packet of a connection through the node's packet filter (iptables, nftables, IPVS) and routes, and where it is sent on to a pod of another node, through that node's. Every rule that decided something is printed with its line in the dump, every way that the packet may take with its share.

Exit codes: 0 traced, 2 usage or bad input, 3 where the node's rules or routes are not known, 4 a bug in vipdoctor.`
  static override examples = [
    '<%= config.bin %> trace 10.240.0.100:80 --node worker-0 --nodes ssh --ssh-user admin',
    '<%= config.bin %> trace 10.240.0.100:80 --node worker-0 --bundle bundle.tar.gz',
    '<%= config.bin %> trace 10.32.0.10:53/udp --node worker-0 --client pod/default/web-0 --bundle bundle.tar.gz',
  ]
  static override args = {
    target: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'a VIP (all its ports), ADDRESS:PORT, ADDRESS:PORT/udp, namespace/service, or the name of a Service',
    }),
  }
  static override flags = {
    node: Flags.string({ required: true, helpValue: 'NAME', description: 'the node where the packet comes in' }),
    bundle: Flags.string({
      helpValue: 'PATH',
      description: 'trace in this bundle (a directory or a .tar.gz) instead of a live cluster',
    }),
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
    fabric: Flags.option({
      options: ['auto', 'ec2', 'lan'] as const,
      default: 'auto' as const,
      description: 'what carries frames between hosts',
    })(),
    'vpc-id': Flags.string({
      helpValue: 'VPC',
      description: 'the VPC of the nodes, where their addresses fit more than one',
    }),
    ...liveFlags,
  }

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Trace, withDefaults(this.config, Trace.id, this.argv, process.env))
    const client = parseClient(flags.client)
    requireWayToNodes(flags)
    const nodes: Asked['nodes'] = (evidence, asked) =>
      nodesForTrace(
        evidence,
        judgeable(() => packetsToTrace(evidence, args.target, asked)),
        flags.node,
      )
    const tool = { name: this.config.name, version: this.config.version }
    const evidence = await evidenceOf(flags, { targets: [], client, nodes }, `${tool.name} ${tool.version}`)
    if (evidence === null) return
    requireNode(evidence, flags.node)
    const fabric = flags.fabric === 'auto' ? recognisedFabric(evidence) : flags.fabric
    const asked = { client, fabric, vpcId: flags['vpc-id'] ?? null }
    const packets = packetsToTrace(evidence, args.target, asked).map((question) =>
      tracedPacket(evidence, question, flags.node),
    )
    print(flags.output === 'json' ? traceJson(packets, tool) : traceText(packets, lookOf(flags)))
    if (packets.some(({ gap }) => gap !== null)) endWith(exitCodes.inconclusive)
  }
}

/** @throws UserError where the live node could not be read in any way. */
function requireWayToNodes({
  bundle,
  node,
  nodes,
  'node-output': given,
}: {
  readonly bundle: string | undefined
  readonly node: string
  readonly nodes: string
  readonly 'node-output': readonly string[] | undefined
}): void {
  if (bundle !== undefined || nodes !== 'none' || (given ?? []).some((text) => text.startsWith(`${node}=`))) return
  throw new UserError(
    `How ${node} is read is not said.`,
    `By --nodes ssh, --nodes pod or --nodes local, or by --node-output ${node}=FILE; --bundle PATH traces in a bundle.`,
  )
}

/** @throws UserError where neither the cluster nor what was read of nodes has this one. */
function requireNode({ nodeNames, kubernetes }: Evidence, node: string): void {
  const listed = (known(kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
  const names = [...new Set([...nodeNames, ...listed])].sort()
  if (!names.includes(node))
    throw new UserError(
      `There is no node ${node}.`,
      didYouMean(node, names) ?? (names.length === 0 ? null : `There is ${inWords(names, 12)}.`),
    )
}
