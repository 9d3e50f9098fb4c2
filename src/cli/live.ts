import { setMaxListeners } from 'node:events'
import type { Interfaces } from '@oclif/core'
import { checks } from '../checks/index.ts'
import type { Progress } from '../collect/collection.ts'
import { readLive, type LiveFiles, type LiveOptions } from '../collect/live.ts'
import { targetOf, thisNode } from '../collect/node-hints.ts'
import { nodesForVips } from '../journey/nodes-for-vip.ts'
import { whereHeard } from '../journey/where-heard.ts'
import { probe, type Probe } from '../collect/probe/probe.ts'
import { wantedBy, type Wanted } from '../collect/wanted.ts'
import type { Asked as QuestionAsked } from '../diagnosis/service-questions.ts'
import { questionsFor, type Target } from '../diagnosis/targets.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { proxyFromEnvironment } from '../net/proxy.ts'
import type { Client, FabricName, Question } from '../evidence/question.ts'
import { endWith, exitCodes, say } from './exit.ts'
import { judgeable } from './judgeable.ts'
import { onInterrupt } from './interrupt.ts'
import { hasAwsSettings, nodeOutputs, requireKubeconfig, type liveFlags } from './live-flags.ts'
import { progressOn } from './progress.ts'
import { clusterOf, podsGoing, reachNodes, reachOptions } from './reach-nodes.ts'
import { recognisedFabric } from '../fabric/recognise.ts'

type Flags = Interfaces.InferredFlags<typeof liveFlags> & {
  readonly fabric: FabricName | 'auto'
  readonly 'vpc-id': string | undefined
  /** For how many seconds frames are captured meanwhile. */
  readonly capture?: number | undefined
  readonly probe?: boolean
}

/** What is asked of the evidence, as far as it decides which nodes are read. */
export interface Asked {
  readonly targets: readonly Target[]
  readonly client: Client
  /** Which of the nodes are read, where it is not those that the targets' packets can meet. */
  readonly nodes?: (evidence: Evidence, asked: QuestionAsked) => readonly string[]
  /** Which kinds are read, where it is not what the checks need. */
  readonly wanted?: Wanted
  /** An earlier reading of the same run, some of whose sources are not asked again. Progress was told with it. */
  readonly kept?: LiveOptions['kept']
  readonly again?: boolean
}

/** Reads the live cluster that the flags name, showing progress; null where Ctrl-C ended it and nothing more is wanted. */
export async function readLiveCluster(flags: Flags, asked: Asked, tool: string): Promise<LiveFiles | null> {
  requireKubeconfig(flags.kubeconfig, process.env)
  const { signal, release } = onInterrupt(flags.nodes === 'pod' ? podsGoing : null)
  const told = progressOn(process.stderr, { quiet: flags.quiet, now: Date.now })
  const { progress, done } = asked.again === true ? { progress: () => undefined, done: () => undefined } : told
  if (flags.nodes === 'pod' && !flags.quiet && asked.again !== true) say(willBeMade(flags))
  try {
    const live = await readLive(optionsOf(flags, asked, { tool, signal, progress }))
    if (!signal.aborted || flags.partial) return live
    done()
    say('vipdoctor: interrupted. With --partial, what was read until then is kept.')
    endWith(exitCodes.interrupted)
    return null
  } finally {
    done()
    release()
  }
}

/** What `--nodes pod` makes, before it does. */
const willBeMade = (flags: Flags): string =>
  `nodes: on each node that is read one pod is made in namespace ${flags['node-namespace']} (${flags['node-image']}), at most ${String(flags['nodes-at-once'])} at once, and deleted again`

/** Counters of a node are read like a node, and its connections take their time each. */
const probeWorkMs = 120_000

/** How long a connection is waited for: a SYN is sent anew after one and three seconds. */
const connectMs = 5_000

/** Tries the connections that `--probe` asks for, showing progress. */
export async function probeLiveCluster(
  flags: Flags,
  evidence: Evidence,
  questions: readonly Question[],
): Promise<readonly Probe[]> {
  const { signal, release } = onInterrupt(flags.nodes === 'pod' ? podsGoing : null)
  setMaxListeners(0, signal)
  const { progress, done } = progressOn(process.stderr, { quiet: flags.quiet, now: Date.now })
  const nodes = known(evidence.kubernetes.nodes) ?? []
  const run = { nodes, workMs: probeWorkMs, signal, progress }
  const reach = flags.nodes === 'none' ? null : await reachNodes(flags, flags.nodes, run)
  try {
    return await probe(evidence, questions, {
      transport: reach?.transport ?? null,
      reaches: flags.nodes === 'local' ? [thisNode(nodes).node] : null,
      targetOf: (node) => targetOf(node, flags.nodes === 'ssh' ? flags['node-addresses'] : 'internal', evidence),
      timeoutMs: connectMs,
      signal,
      progress,
    })
  } finally {
    await reach?.close()
    done()
    release()
  }
}

function optionsOf(
  flags: Flags,
  { targets, client, nodes, wanted, kept = null }: Asked,
  run: { readonly tool: string; readonly signal: AbortSignal; readonly progress: Progress },
): LiveOptions {
  const { env } = process
  const vpcId = flags['vpc-id'] ?? null
  const explicit = flags.fabric === 'ec2' || flags.region !== undefined || flags.profile !== undefined || vpcId !== null
  const questionAsked = (evidence: Evidence): QuestionAsked => {
    const fabric = flags.fabric === 'auto' ? recognisedFabric(evidence) : flags.fabric
    return { client, fabric, vpcId }
  }
  const questions = (evidence: Evidence): readonly Question[] =>
    judgeable(() => questionsFor(evidence, targets, questionAsked(evidence)).questions)
  const choose = (evidence: Evidence): readonly string[] =>
    nodes === undefined ? nodesForVips(evidence, questions(evidence)) : nodes(evidence, questionAsked(evidence))
  return {
    ...run,
    cluster: clusterOf(flags),
    account: {
      when: flags.fabric === 'lan' ? 'never' : explicit ? 'asked' : hasAwsSettings(env) ? 'now' : 'maybe',
      region: flags.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? null,
      profile: flags.profile ?? null,
      vpcId,
      proxyFor: proxyFromEnvironment(env),
    },
    nodes: {
      reach: flags.nodes === 'none' ? null : reachOptions(flags, flags.nodes),
      by: flags['node-addresses'],
      choose: flags['nodes-for'] === 'all' ? null : choose,
      given: nodeOutputs(flags['node-output']),
      hear:
        flags.capture === undefined
          ? null
          : {
              seconds: flags.capture,
              asks: flags.probe === true,
              where: (evidence) => whereHeard(evidence, questions(evidence)),
            },
    },
    kept,
    wanted: wanted ?? wantedBy(checks, { internet: client.kind === 'internet' }),
    now: () => new Date(),
    // A node lists 100,000 rules in half a minute, and may need a minute for each of several listings.
    timeouts: { kubernetesMs: flags.timeout * 1000, awsMs: flags.timeout * 1000, nodeMs: 300_000 },
  }
}
