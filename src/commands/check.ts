import { Args, Command, Flags } from '@oclif/core'
import { checks } from '../checks/index.ts'
import { parseClient } from '../diagnosis/client.ts'
import { everyQuestion, inNamespace, parseTarget, questionsFor } from '../diagnosis/targets.ts'
import type { Probe } from '../collect/probe/probe.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Question } from '../evidence/question.ts'
import { captureSeconds, withCaptureSeconds } from '../cli/capture-seconds.ts'
import { evidenceOf, namedPlaces, type SourceFlags } from '../cli/evidence.ts'
import { liveFlags } from '../cli/live-flags.ts'
import { readAcceptances } from '../cli/accept-file.ts'
import { parseHops } from '../cli/required-hops.ts'
import { interrupted, reportingFailures } from '../cli/failure.ts'
import { parseOutputFiles, writeReport } from '../cli/output-files.ts'
import { readingOf } from '../cli/reading.ts'
import { formatNames } from '../report/formats.ts'
import { withDefaults } from '../cli/defaults.ts'
import { durationFlag } from '../cli/duration.ts'
import { endWith } from '../cli/exit.ts'
import { roundOf, type Round } from '../cli/wait.ts'
import { askedOf, judgingOf, policyOn, type Task } from '../cli/judging/judging.ts'
import { judgeAll } from '../cli/judging/threads.ts'
import { lookFrom, printAll, terminalLook } from '../cli/terminal.ts'

export default class Check extends Command {
  static override summary = 'Say why a VIP cannot be reached, with proof and the command that mends it.'
  static override description = `Walks one packet along its path to each VIP and says where it dies.
TARGET is a VIP (10.240.0.100), a VIP and port (10.240.0.100:443), namespace/service, or a Service's name if
only one has it; none means every LoadBalancer Service, every address in externalIPs and every control-plane VIP
that the evidence shows. A Service of type NodePort is judged at each node, NODE-ADDRESS:NODEPORT at that one.

Exit codes: 0 reachable, 1 unreachable, 2 usage, bad input, or no VIP known, 3 inconclusive, 4 a bug in vipdoctor.`
  static override examples = [
    '<%= config.bin %> check --nodes ssh --ssh-user admin',
    '<%= config.bin %> check --bundle bundle.tar.gz',
    '<%= config.bin %> check 10.240.0.100:80 --bundle bundle.tar.gz --client 10.240.0.50',
    '<%= config.bin %> check default/nginx-lb --bundle bundle.tar.gz --output json',
  ]
  static override strict = false
  static override args = {
    target: Args.string({
      ignoreStdin: true,
      description: 'a VIP, VIP:PORT, namespace/service, or the name of a Service; may be repeated',
    }),
  }
  static override flags = {
    bundle: Flags.string({
      description: 'judge this bundle (a directory or a .tar.gz) instead of a live cluster',
      helpValue: 'PATH',
    }),
    fabric: Flags.option({
      options: ['auto', 'ec2', 'lan'] as const,
      default: 'auto' as const,
      description: 'what carries frames between hosts',
    })(),
    namespace: Flags.string({
      char: 'n',
      helpValue: 'NAME',
      description: 'the namespace of TARGET; without TARGET, all its VIPs',
    }),
    client: Flags.string({
      default: 'vpc',
      helpValue: 'WHO',
      description:
        'an address, a CIDR, vpc (another host in the receiving node’s subnet), internet, node/NAME, pod/NAMESPACE/NAME',
    }),
    'vpc-id': Flags.string({
      helpValue: 'VPC',
      description: 'the VPC of the nodes, where their addresses fit more than one',
    }),
    output: Flags.option({
      options: ['short', ...formatNames] as const,
      default: 'text' as const,
      char: 'o',
      description: 'format of the report; short: as text, and only what is not well',
    })(),
    'output-file': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FORMAT=PATH',
      description:
        'also write a report to a file, in any format of --output; may be repeated. It is written where nothing could be judged, too',
    }),
    'fail-on': Flags.option({
      options: ['fail', 'warn'] as const,
      default: 'fail' as const,
      description: 'what makes the exit code 1',
    })(),
    require: Flags.string({
      helpValue: 'HOP,…',
      description: 'these hops must be known, also with --allow-unknown: else the exit code is 3',
    }),
    accept: Flags.string({
      helpValue: 'FILE',
      description: 'findings that do not count for the exit code, each with its reason; default .vipdoctor.yaml',
    }),
    'fix-script': Flags.string({
      helpValue: 'FILE',
      description: 'also write what mends the causes as a script, which asks before each step; nothing is run',
    }),
    'node-ports': Flags.boolean({
      description: 'also say what a client meets at the NodePort of every node; never changes the verdict',
    }),
    'allow-unknown': Flags.boolean({ description: 'exit 0 instead of 3 where a gap hides something' }),
    all: Flags.boolean({ description: 'of several VIPs a line each, also of those that can be reached' }),
    verbose: Flags.boolean({
      description: 'all that was found: whole sentences, every proof, what is not known and why',
    }),
    ascii: Flags.boolean({ description: 'words in the place of symbols, also on a terminal' }),
    'no-color': Flags.boolean({ description: 'no colour, also on a terminal (NO_COLOR does the same)' }),
    probe: Flags.boolean({
      helpGroup: 'LIVE',
      description:
        'also connect to the VIP and to its nodePorts, from here and with --nodes ssh from a node; never changes the verdict',
    }),
    capture: durationFlag({
      helpGroup: 'LIVE',
      description: `meanwhile listen on the nodes that may announce, and here: ${String(captureSeconds)} seconds, or --capture=DURATION`,
    }),
    ...liveFlags,
    wait: durationFlag({
      helpGroup: 'LIVE',
      description:
        'read again until the exit code would be 0, for at most so long (90s, 2m), and tell what changes; the report is of the last reading',
    }),
    'save-bundle': Flags.string({
      helpValue: 'PATH',
      helpGroup: 'LIVE',
      description: 'write what was judged as a bundle: a file that ends in .tar.gz, or a new directory',
    }),
    force: Flags.boolean({ helpGroup: 'LIVE', description: 'replace a bundle that is there already' }),
  }

  override async run(): Promise<void> {
    const typed = withDefaults(this.config, Check.id, this.argv, process.env)
    const { flags, argv } = await this.parse(Check, withCaptureSeconds(typed))
    const tool = { name: this.config.name, version: this.config.version }
    const files = parseOutputFiles(
      [
        ...(flags['output-file'] ?? []),
        ...(flags['fix-script'] === undefined ? [] : [`fix-script=${flags['fix-script']}`]),
      ],
      namedPlaces(flags),
    )
    await reportingFailures(files, tool, async () => {
      const task: Task = {
        targets: inNamespace(
          argv.map((target) => parseTarget(String(target))),
          flags.namespace,
        ),
        client: parseClient(flags.client),
        fabric: flags.fabric,
        vpcId: flags['vpc-id'] ?? null,
        policy: {
          failOn: flags['fail-on'],
          allowUnknown: flags['allow-unknown'],
          required: parseHops(flags.require),
          acceptances: readAcceptances(
            flags.accept,
            checks.map(({ id }) => id),
          ),
        },
        nodePorts: flags['node-ports'],
        tool,
        detail: { all: flags.all, verbose: flags.verbose, short: flags.output === 'short' },
        formats: {
          printed: flags.output === 'short' ? 'text' : flags.output,
          files: files.map(({ format }) => format),
        },
      }
      const { targets, client } = task
      const judge = (evidence: Evidence): Round =>
        roundOf(checks, evidence, policyOn(task, evidence), () => {
          const asked = askedOf(task, evidence)
          return targets.length === 0 && everyQuestion(evidence, asked).length === 0
            ? null
            : questionsFor(evidence, targets, asked)
        })
      const until = flags.wait === undefined ? null : { waitMs: flags.wait * 1000, judge }
      const evidence = await evidenceOf(flags, { targets, client }, `${tool.name} ${tool.version}`, until)
      if (evidence === null) return interrupted
      const reading = readingOf(flags, evidence)
      const look = terminalLook(flags)
      const judging = judgingOf(task, evidence, reading, lookFrom(look))
      const judged = await judgeAll(judging, reading.from === 'live' ? null : { task, reading, look })
      const probes = flags.probe ? await probeLive(flags, evidence, judging.questions) : null
      const { gate, texts } = judging.reports.whole(judged, probes)
      const [printed = [], ...written] = texts
      for (const [index, file] of files.entries()) await writeReport(file.path, written[index] ?? [])
      // Before it is printed: the code holds even where nobody reads to the end.
      endWith(gate.exitCode)
      await printAll(printed)
      return null
    })
  }
}

type CheckFlags = SourceFlags & { readonly client: string }

async function probeLive(
  flags: CheckFlags,
  evidence: Evidence,
  questions: readonly Question[],
): Promise<readonly Probe[]> {
  const { probeLiveCluster } = await import('../cli/live.ts')
  return probeLiveCluster(flags, evidence, questions)
}
