import { isGap } from '../../evidence/gap.ts'
import type { BGPPeer } from '../../evidence/kubernetes/kinds.ts'
import { bgpSpeakers, type BgpSpeaker } from '../../lb/metallb/bgp.ts'
import { showCommand } from '../../lb/metallb/config-map.ts'
import { parseAddress } from '../../net/address.ts'
import { together } from '../../net/remedy.ts'
import { sh } from '../../net/shell.ts'
import type { Call } from '../../node/knock.ts'
import { counted, inWords } from '../../net/words.ts'
import { callsOf, shutProof, shutText, stoppedOf } from '../about/host-firewall.ts'
import { openings } from '../about/opening.ts'
import { traceReads } from '../about/reads.ts'
import { announcedByBgp, onlyByBgp, unannounced } from '../about/announced.ts'
import { calicoPeers, obstaclesOf, type Obstacle } from '../../journey/bgp-obstacles.ts'
import { bgpSession, peerText } from '../../journey/bgp-sessions.ts'
import { hangsOnAnnouncement } from '../../fabric/index.ts'
import { defineCheck, type ServiceContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'announcement/bgp-session',
  after: 'announcement/l2-advertisement',
  title: 'The speakers that announce the VIP have a session with their peers',
  needs: ['kubernetes/bgpadvertisements', 'kubernetes/bgppeers', 'kubernetes/ipaddresspools', 'kubernetes/nodes'],
  alsoReads: [
    'kubernetes/bgpsessionstates',
    'kubernetes/frrnodestates',
    'kubernetes/calicobgppeers',
    'kubernetes/l2advertisements',
    'kubernetes/endpointslices',
    'kubernetes/pods',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'node/metallb-metrics',
    ...traceReads,
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: announcedByBgp,
  blocks: true,
  consequenceOf: ['control/speaker'],
  run: (context) => {
    const { evidence, question } = context
    const vip = question.vip.text
    const subject = `vip/${vip}`
    const speakers = bgpSpeakers(evidence, question)
    if (isGap(speakers))
      return [
        unknown(
          'sessions-not-read',
          subject,
          said('its BGP sessions are not known', `It is not known whether ${vip} is announced over a session.`),
          [speakers],
        ),
      ]
    const telling = speakers.filter(({ out }) => out === null)
    if (telling.length === 0)
      return [
        skipped(
          'nobody-tells-peers',
          subject,
          'No node tells a peer of the VIP; announcement/bgp-advertisement speaks of that.',
        ),
      ]
    return [judge(context, subject, vip, telling)]
  },
  docs: {
    means:
      'A VIP that is announced by BGP is reached over a session between a speaker and a router. Where none is up, the router has no route to the VIP; where some are down, those nodes get no traffic. MetalLB only dials: the router must wait for it at port 179. ServiceBGPStatus lists configured peers and says nothing of sessions.',
    byHand:
      'With frr-k8s: kubectl get bgpsessionstates -A. Else the metric metallb_bgp_session_up of the speaker, or on the router its list of neighbours. sudo vipdoctor capture bgp --peer ADDRESS on the node shows what the two say to each other.',
    mend: 'Let both sides agree on addresses, AS numbers and password; open tcp/179 from the nodes to the router; set ebgpMultiHop where a router lies between; let either Calico or MetalLB peer with a router, not both.',
    sources: [
      'MetalLB v0.16.1 internal/bgp/native (dials only), internal/config/validation.go (DiscardFRROnly); frr-k8s api/v1beta1/bgp_session_state_types.go',
      'MetalLB documentation, "Issues with Calico"',
      'metallb/metallb issue 114',
    ],
  },
})

function judge(context: ServiceContext, subject: string, vip: string, telling: readonly BgpSpeaker[]): Draft {
  const { evidence } = context
  const pairs = telling.flatMap(({ node, peers }) =>
    peers.map((peer) => ({ node, peer, session: bgpSession(evidence, node, peer) })),
  )
  const down = pairs.flatMap(({ node, peer, session }) =>
    isGap(session) || session.up ? [] : [{ node, peer, session }],
  )
  const up = pairs.flatMap(({ node, session }) => (!isGap(session) && session.up ? [{ node, session }] : []))
  const open = pairs.flatMap(({ session }) => (isGap(session) ? [session] : []))
  const connected = [...new Set(up.map(({ node }) => node))]
  const obstacles = distinct(
    (down.length > 0 ? down : pairs).flatMap(({ node, peer }) => obstaclesOf(evidence, node, peer)),
  )
  const shut = callsOf(
    evidence,
    (down.length > 0 ? down : pairs).flatMap(({ node, peer }) => callTo(node, peer)),
  )
  const reasons = [...obstacles.map(({ says }) => says), ...(shut.shut.length > 0 ? [shutText(shut)] : [])]
  const why = reasons.length === 0 ? '' : `; ${reasons.join('; ')}`
  const proof = [...down.map(({ session }) => session.proof), ...obstacles.map((one) => one.proof), ...shutProof(shut)]
  const walls = shut.shut.length === 0 ? {} : openings(evidence, stoppedOf(shut))
  const fix = fixFor(
    context,
    (down.length > 0 ? down : pairs).map(({ node, peer }) => [node, peerText(peer)] as const),
    obstacles,
    walls,
  )
  if (down.length === pairs.length) {
    const states = down.map(({ node, peer, session }) => `${node} with ${peerText(peer)} (${session.state})`)
    const says = `No speaker that announces ${vip} has a BGP session: ${inWords(states, 6)}${why}. The routers have no route to it.`
    const brief = 'no speaker has a BGP session'
    return onlyByBgp(context)
      ? unannounced(context, 'no-session', subject, { brief, says }, proof, fix)
      : warn('no-session', subject, said(brief, says), proof, { fix, blocks: false })
  }
  if (down.length > 0) {
    const states = down.map(({ node, peer, session }) => `${node} with ${peerText(peer)} (${session.state})`)
    const rest = connected.length === 0 ? '' : ` ${inWords(connected)} ${connected.length === 1 ? 'has' : 'have'} one.`
    const says = `Of the speakers that announce ${vip} by BGP these have no session: ${inWords(states, 6)}${why}.${rest}`
    // With a session somewhere the router knows a way; where the others were not read it may know none.
    const told = said(`${counted(down.length, 'BGP session')} ${down.length === 1 ? 'is' : 'are'} down`, says)
    return connected.length > 0 || !onlyByBgp(context) || !hangsOnAnnouncement(context.question)
      ? warn('some-without-session', subject, told, proof, { fix, blocks: false })
      : unknown('some-without-session', subject, told, open.slice(0, 3), proof)
  }
  const clash = distinct(pairs.flatMap(({ peer }) => calicoPeers(evidence, peer)))
  if (clash.length > 0)
    return warn(
      'bgp-speaker-conflict',
      subject,
      said('Calico speaks BGP with the same peer', `${clash.map(({ says }) => says).join('; ')}.`),
      clash.map((one) => one.proof),
      { fix, blocks: false },
    )
  if (connected.length > 0)
    return pass(
      'established',
      subject,
      said(
        `${counted(connected.length, 'node')} ${connected.length === 1 ? 'has' : 'have'} a BGP session`,
        `${inWords(connected)} ${connected.length === 1 ? 'has' : 'have'} a BGP session over which ${vip} is announced.`,
      ),
      up.map(({ session }) => session.proof),
    )
  const blocks = onlyByBgp(context) && hangsOnAnnouncement(context.question)
  return unknown(
    'state-not-known',
    subject,
    said(
      'whether a BGP session is up is not known',
      `It is not known whether ${inWords(telling.map(({ node }) => node))} ${telling.length === 1 ? 'has' : 'have'} a BGP session${why}.`,
    ),
    open.slice(0, 3),
    obstacles.map((one) => one.proof),
    { blocks, fix },
  )
}

/** What a speaker sends to open a session; none to a peer without an address. */
function callTo(node: string, { spec }: BGPPeer): readonly Call[] {
  const address = parseAddress(spec?.peerAddress)
  return address === null ? [] : [{ from: { node }, to: { address }, protocol: 'tcp', port: spec?.peerPort ?? 179 }]
}

const distinct = (obstacles: readonly Obstacle[]): readonly Obstacle[] =>
  obstacles.filter(({ says }, index) => obstacles.findIndex((other) => other.says === says) === index)

function fixFor(
  { evidence }: ServiceContext,
  pairs: readonly (readonly [string, string])[],
  obstacles: readonly Obstacle[],
  walls: Remedy,
): Remedy {
  const commands = obstacles.flatMap(({ mends = [] }) => mends)
  const session: Remedy = {
    ...(commands.length === 0
      ? {}
      : {
          summary: 'let the session cross a router (ebgpMultiHop)',
          commands,
          changes: 'FRR then sends with the full TTL; the router beyond needs the same for its side of the session.',
        }),
    look: [
      ...pairs
        .slice(0, 1)
        .map(([node, peer]) => sh`ssh ${node} sudo vipdoctor capture bgp --peer ${peer} --duration 60`),
      showCommand(evidence, 'bgppeers'),
    ],
    advice:
      'Speaker and router have to agree on addresses, AS numbers and password; a router behind another needs ebgpMultiHop.',
  }
  return together([walls, session])
}
