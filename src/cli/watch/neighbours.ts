import os from 'node:os'
import { conclude, verdictOf, type Surroundings } from '../../capture/conclude.ts'
import { mayBeNeighbour } from '../../capture/link.ts'
import { isClaim, isOdd, neighbourMessage, type NeighbourMessage } from '../../capture/neighbour-message.ts'
import { observer } from '../../capture/observe.ts'
import { askNeighbour } from '../../capture/sources/ask.ts'
import { gatewayOn } from '../../capture/sources/route.ts'
import { hintsOf, targetOf, type NodeAddress } from '../../collect/node-hints.ts'
import { knownStations, readingOf } from '../../journey/stations.ts'
import { openBundle } from '../../collect/open-bundle.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { UserError } from '../../evidence/user-error.ts'
import { exitCodes, type ExitCode } from '../exit.ts'
import { sameAddress, type Address, type Family } from '../../net/address.ts'
import { conclusionJson, conclusionText, messageJson, messageText } from '../../report/capture.ts'
import { lookOf, print } from '../terminal.ts'
import { recognisedFabric } from '../../fabric/recognise.ts'
import type { FrameFlags } from './flags.ts'
import { addressOfFlag, codeOf, watchFrames, type KnownNode } from './frames.ts'

/** What the flags of `capture arp` and `capture ndp` say. */
export interface NeighbourFlags extends FrameFlags {
  readonly vip: string
  readonly until: 'announced' | 'conflict' | undefined
  readonly probe: boolean
  readonly control: string | undefined
  readonly bundle: string | undefined
  readonly fabric: 'auto' | 'ec2' | 'lan'
  readonly 'seen-from': string | undefined
  readonly 'vpc-id': string | undefined
  readonly cluster: boolean
  readonly region: string | undefined
  readonly profile: string | undefined
  readonly 'node-output': string[] | undefined
  readonly 'node-addresses': NodeAddress
}

/** The same as `mayBeNeighbour`, for the kernel: everything else costs nothing. */
const filter = 'arp or icmp6'
/** More than any such message has on an Ethernet of 1500 bytes. */
const snapLength = 1600

/** Watches ARP or NDP messages about one VIP and says what they mean. Returns the exit code. */
export async function captureNeighbours(flags: NeighbourFlags, family: Family, tool: string): Promise<ExitCode> {
  const vip = vipOf(flags.vip, family)
  const control = flags.control === undefined ? null : addressOfFlag('control', flags.control)
  if (flags.node !== undefined && flags.probe)
    throw new UserError('--probe asks from this host, and --node listens elsewhere.', 'Leave one of the two out.')
  const evidence = await evidenceFor(flags, tool)
  if (evidence === 'interrupted') return exitCodes.interrupted
  const surroundings = surroundingsOf(flags, vip, evidence)
  const look = lookOf(flags)
  const { see, observation } = observer(vip)
  let about = 0

  function show(message: NeighbourMessage): boolean {
    about += 1
    const startNs = observation().firstNs ?? message.timeNs
    const line =
      flags.output === 'json' ? messageJson(message, surroundings) : messageText(message, startNs, surroundings, look)
    print(`${line}\n`)
    return about === flags.count || isReached(message)
  }
  function isReached(message: NeighbourMessage): boolean {
    if (flags.until === 'announced') return isClaim(message)
    if (flags.until === undefined) return false
    return conclude(observation(), surroundings).some(({ outcome }) => outcome === 'several-announcers')
  }

  const end = await watchFrames(flags, {
    wanted: mayBeNeighbour,
    filter,
    snapLength,
    towards: vip,
    node: nodeOf(flags, evidence),
    take: (frame) => {
      const message = neighbourMessage(frame)
      if (message === null) return false
      see(message)
      return !isOdd(message) && sameAddress(message.about, vip) && show(message)
    },
    ...(flags.probe ? { meanwhile: (name: string, signal: AbortSignal) => probe(name, vip, control, signal) } : {}),
  })
  const seen = observation()
  const { early } = end
  const conclusions = conclude(
    seen,
    early === undefined ? surroundings : { ...surroundings, listenedSeconds: early.seconds },
  )
  print(
    flags.output === 'json'
      ? `${conclusionJson(seen, conclusions, end, surroundings)}\n`
      : `${about === 0 ? '' : '\n'}${conclusionText(seen, conclusions, end, surroundings, look)}`,
  )
  return codeOf[verdictOf(conclusions)]
}

/** What is known of the cluster: a bundle, the live cluster where a flag asks for it, or nothing. */
async function evidenceFor(flags: NeighbourFlags, tool: string): Promise<Evidence | null | 'interrupted'> {
  const about = ['kubeconfig', 'context', 'region', 'profile', 'node-output'] as const
  const given = about.find((flag) => flags[flag] !== undefined) ?? (flags.nodes === 'none' ? undefined : 'nodes')
  const asked = given ?? (flags.cluster ? 'cluster' : undefined)
  if (flags.bundle !== undefined) {
    if (asked !== undefined)
      throw new UserError(`--${asked} is about a live cluster, and a bundle was named.`, 'Leave one of the two out.')
    return openBundle(flags.bundle)
  }
  if (asked === undefined) return null
  const [{ evidenceOver }, { readLiveCluster }, { wantedByCapture }] = await Promise.all([
    import('../../collect/live.ts'),
    import('../live.ts'),
    import('../../collect/wanted.ts'),
  ])
  const live = await readLiveCluster(
    { ...flags, 'nodes-for': 'all', partial: false, json: undefined },
    { targets: [], client: { kind: 'vpc' }, wanted: wantedByCapture },
    tool,
  )
  return live === null ? 'interrupted' : evidenceOver(live.files)
}

/** What the cluster says of the node of the flags; null where nothing is known of it. */
function nodeOf(flags: NeighbourFlags, evidence: Evidence | null): KnownNode | null {
  if (evidence === null) return null
  const nodes = known(evidence.kubernetes.nodes) ?? []
  const node = nodes.find(({ metadata }) => metadata?.name === flags.node)
  if (node === undefined) return null
  const target = targetOf(node, flags.nodes === 'pod' ? 'internal' : flags['node-addresses'], evidence)
  if (target.unreachable !== undefined)
    throw new UserError(`${target.node} cannot be connected to: ${target.unreachable}.`)
  const [address = null] = flags.nodes === 'pod' ? hintsOf([node]).flatMap(({ addresses }) => addresses) : []
  return { target, address, nodes }
}

/** Asks for the control neighbour, so that silence means something, and for the VIP. */
async function probe(interfaceName: string, vip: Address, control: Address | null, signal: AbortSignal): Promise<void> {
  const neighbour = control ?? gatewayOn(interfaceName, vip.family)
  if (neighbour === null)
    throw new UserError(
      `${interfaceName} has no gateway that --probe could ask for.`,
      'Name a neighbour that exists by --control.',
    )
  await askNeighbour(interfaceName, neighbour, signal)
  await askNeighbour(interfaceName, vip, signal)
}

function vipOf(text: string, family: Family): Address {
  const vip = addressOfFlag('vip', text)
  if (vip.family !== family)
    throw new UserError(
      `${vip.text} is an IPv${String(vip.family)} address.`,
      family === 4
        ? 'Its neighbours speak NDP: vipdoctor capture ndp.'
        : 'Its neighbours speak ARP: vipdoctor capture arp.',
    )
  return vip
}

function surroundingsOf(flags: NeighbourFlags, vip: Address, evidence: Evidence | null): Surroundings {
  const told = flags.fabric === 'auto' ? null : flags.fabric
  const stations =
    evidence === null
      ? { stationOf: () => null, ownerMac: undefined }
      : knownStations(evidence, vip, flags['vpc-id'] ?? null)
  return {
    fabric: told ?? (evidence === null ? null : readingOf(recognisedFabric(evidence))),
    seenFrom: seenFrom(flags, evidence),
    listenedSeconds: flags.read === undefined && !flags.probe ? flags.duration : null,
    ...stations,
  }
}

/** Told, or live the node that has an address of this host; a file was taken on another host unless it is told otherwise. */
function seenFrom(flags: NeighbourFlags, evidence: Evidence | null): Surroundings['seenFrom'] {
  const told = flags['seen-from']
  if (told !== undefined) {
    if (told === 'client') return 'client'
    const node = /^node\/(.+)$/.exec(told)?.[1]
    if (node === undefined) throw new UserError(`"${told}" is no place to capture.`, 'It is node/NAME, or client.')
    return { node }
  }
  if (flags.node !== undefined) return { node: flags.node }
  if (flags.read !== undefined || evidence === null) return 'client'
  const own = new Set(
    Object.values(os.networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
  )
  const node = (known(evidence.kubernetes.nodes) ?? []).find(({ status }) =>
    (status?.addresses ?? []).some(
      ({ type, address }) => type === 'InternalIP' && address !== undefined && own.has(address),
    ),
  )
  return node?.metadata?.name === undefined ? 'client' : { node: node.metadata.name }
}
