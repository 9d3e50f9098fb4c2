import { cite, citeList, type Proof } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { kubernetesFile, objectName } from '../../evidence/kubernetes/kinds.ts'
import {
  announcingByBgp,
  bgpBackend,
  bgpSpeakers,
  conflictOf,
  metallbPeers,
  type BgpSpeaker,
} from '../../lb/metallb/bgp.ts'
import { bgpAdvertisementsFor } from '../../lb/metallb/advertisements.ts'
import { configMapEra, editCommands, isDerived, showCommand } from '../../lb/metallb/config-map.ts'
import { metallbSettings, olderThan } from '../../lb/metallb/install.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { counted, inWords } from '../../net/words.ts'
import { announcedByBgp, onlyByBgp, unannounced } from '../about/announced.ts'
import { peerText } from '../../journey/bgp-sessions.ts'
import { defineCheck, type ServiceContext } from '../check.ts'
import { pass, said, unknown, warn, type Draft, type Remedy } from '../finding.ts'
import { outsText } from '../about/outs-text.ts'

export default defineCheck({
  id: 'announcement/bgp-advertisement',
  after: 'announcement/l2-advertisement',
  title: 'A BGPAdvertisement takes the VIP to a peer',
  needs: ['kubernetes/bgpadvertisements', 'kubernetes/bgppeers', 'kubernetes/ipaddresspools', 'kubernetes/nodes'],
  alsoReads: [
    'kubernetes/l2advertisements',
    'kubernetes/servicebgpstatuses',
    'kubernetes/endpointslices',
    'kubernetes/pods',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: announcedByBgp,
  blocks: true,
  consequenceOf: ['announcement/l2-advertisement', 'control/speaker', 'forwarding/cni-ready', 'endpoint/ready'],
  run: (context) => {
    const { evidence, question } = context
    const { vip } = question
    const advertisements = known(bgpAdvertisementsFor(evidence, question)) ?? []
    const [first] = advertisements
    if (first === undefined) return []
    const subject = `vip/${vip.text}`
    const { namespace } = metallbSettings(evidence)
    const proof = advertisements.map((one) => cite(one, 'spec'))
    const show = (advice: string): Remedy => ({ look: [showCommand(evidence, 'bgpadvertisements,bgppeers')], advice })
    if ((known(metallbPeers(evidence)) ?? []).length === 0) return [noPeer(context, subject, namespace, proof)]
    const conflict = conflictOf(evidence, question)
    if (conflict !== null) {
      const [one, other] = conflict
      return [
        lost(
          context,
          'conflicting-advertisements',
          subject,
          'two BGPAdvertisements contradict each other',
          `${objectName(one)} and ${objectName(other)} want different local preferences (${String(one.spec?.localPref ?? 0)} and ${String(other.spec?.localPref ?? 0)}) for the same prefix, so MetalLB announces ${vip.text} by neither.`,
          [cite(one, 'spec'), cite(other, 'spec')],
          {
            summary: 'give both the same localPref',
            commands: isDerived(other)
              ? editCommands(other, 'bgpadvertisement')
              : [
                  sh`kubectl -n ${other.metadata?.namespace ?? namespace} patch bgpadvertisement ${other.metadata?.name} --type merge -p ${jsonWord({ spec: { localPref: one.spec?.localPref ?? 0 } })}`,
                ],
            changes: `${objectName(other)} is then announced with the preference of ${objectName(one)}. Apart by nodes or peers both could keep their own.`,
          },
        ),
      ]
    }
    if (vip.family === 6 && bgpBackend(evidence) === 'native')
      return [
        lost(
          context,
          'ipv6-by-native-bgp',
          subject,
          'this MetalLB announces no IPv6 by BGP',
          `MetalLB speaks BGP with its native code here, which refuses IPv6, so no router is told of ${vip.text}.`,
          proof,
          show(
            'IPv6 needs MetalLB installed with FRR (METALLB_BGP_TYPE frr-k8s, as its frr-k8s manifests and its chart set).',
          ),
        ),
      ]
    const speakers = bgpSpeakers(evidence, question)
    if (isGap(speakers))
      return [
        unknown(
          'speakers-not-known',
          subject,
          said('who announces it by BGP is not known', `It is not known who announces ${vip.text} by BGP.`),
          [speakers],
        ),
      ]
    const telling = speakers.filter(({ out }) => out === null)
    if (telling.length === 0)
      return [
        lost(
          context,
          'nobody-tells-peers',
          subject,
          'no node tells a router of it',
          `No node tells a BGP peer of ${vip.text}: ${outsText(speakers)}.`,
          speakers.map((one) => one.proof),
          show('Advertisements and BGPPeers have to select a node in common that may announce.'),
        ),
      ]
    return [told(context, subject, speakers, proof)]
  },
  docs: {
    means:
      'MetalLB should announce the VIP by BGP, and no router is told: there is no BGPPeer, the BGPAdvertisement and the BGPPeers select no node in common, no node passes (no living speaker, no ready endpoint, with externalTrafficPolicy Local none of its own, the label node.kubernetes.io/exclude-from-external-load-balancers), two advertisements contradict each other, or the address is IPv6 and MetalLB’s native BGP speaks. There is no election: every node that passes announces. On EC2 it stops no packet by itself; there ownership or a route delivers.',
    byHand:
      'kubectl -n metallb-system get bgpadvertisements,bgppeers -o yaml; kubectl get servicebgpstatuses -A (since 0.15: who announces to which peers). The speaker logs noMatchingAdvertisement, noLocalEndpoints or conflictingAdvertisements.',
    mend: 'Create the BGPPeer in MetalLB’s namespace, or let nodeSelectors of peer and advertisement meet the labels of the nodes; give advertisements of one prefix one localPref.',
    sources: [
      'MetalLB v0.16.1 speaker/bgp_controller.go (ShouldAnnounce, syncPeers), internal/config/validation.go (DiscardFRROnly)',
      'MetalLB documentation, "Advanced BGP configuration"',
    ],
  },
})

function noPeer(context: ServiceContext, subject: string, namespace: string, proof: readonly Proof[]): Draft {
  const { evidence, question } = context
  const elsewhere = known(evidence.kubernetes.bgppeers) ?? []
  const hint =
    elsewhere.length === 0
      ? ''
      : ` ${inWords(elsewhere.map((peer) => objectName(peer)))} ${elsewhere.length === 1 ? 'stands' : 'stand'} in another namespace, where MetalLB does not look.`
  const configMap = configMapEra(evidence)?.configMap ?? null
  if (configMap !== null)
    return lost(
      context,
      'no-peer-in-config-map',
      subject,
      'MetalLB has no BGP peer',
      `The pool of ${question.vip.text} is to be announced by BGP, but ${objectName(configMap)} names no peer, so no router is told of it.`,
      proof,
      {
        summary: 'name the router under peers',
        commands: editCommands(configMap, 'configmap'),
        changes:
          'An entry needs peer-address, peer-asn and my-asn of the router. Every speaker then opens a session with it. The router must wait for the nodes’ sessions: a speaker only dials.',
      },
    )
  return lost(
    context,
    elsewhere.length === 0 ? 'no-peer' : 'peer-in-other-namespace',
    subject,
    elsewhere.length === 0 ? 'MetalLB has no BGP peer' : 'its BGPPeer stands in another namespace',
    `A BGPAdvertisement covers ${question.vip.text}, but there is no BGPPeer in ${namespace}, so no router is told of it.${hint}`,
    [
      ...proof,
      citeList(kubernetesFile('bgppeers'), '/items', elsewhere.length === 0 ? 'empty' : `none in ${namespace}`),
    ],
    {
      summary: 'name the router as a BGPPeer (replace what stands in <…>)',
      commands: [sh`echo ${{ word: peerManifest(namespace) }} | kubectl apply -f -`],
      changes:
        'Every speaker opens a session with the router, which must wait for the nodes’ sessions: a speaker only dials.',
    },
  )
}

const peerManifest = (namespace: string): string =>
  `{"apiVersion":"metallb.io/v1beta2","kind":"BGPPeer","metadata":{"name":"router","namespace":${JSON.stringify(namespace)}},"spec":{"myASN":<my-asn>,"peerASN":<peer-asn>,"peerAddress":"<peer-address>"}}`

/** Nobody is told. Where ARP or NDP announces the VIP too, or EC2 delivers, the packet does not depend on it. */
const lost = (
  context: ServiceContext,
  reason: string,
  subject: string,
  brief: string,
  says: string,
  proof: readonly Proof[],
  fix: Remedy,
): Draft =>
  onlyByBgp(context)
    ? unannounced(context, reason, subject, { brief, says }, proof, fix)
    : warn(reason, subject, said(brief, `${says} An L2Advertisement covers the VIP too.`), proof, {
        fix,
        blocks: false,
      })

/** Some nodes announce. A speaker that should and does not say so has not taken the configuration. */
function told(
  { evidence, question }: ServiceContext,
  subject: string,
  speakers: readonly BgpSpeaker[],
  proof: readonly Proof[],
): Draft {
  const vip = question.vip.text
  const telling = speakers.filter(({ out }) => out === null)
  const statuses = olderThan(metallbSettings(evidence), '0.15.0')
    ? null
    : known(announcingByBgp(evidence, question.service))
  const reporting = new Set((statuses ?? []).map(({ node }) => node))
  const silent = statuses === null ? [] : telling.filter(({ node }) => !reporting.has(node))
  const peers = [...new Set(telling.flatMap((one) => one.peers.map(peerText)))].sort()
  const out = speakers.some((one) => one.out !== null) ? `; ${outsText(speakers)}` : ''
  if (silent.length > 0) {
    const names = silent.map(({ node }) => node)
    return warn(
      'announcement-not-reported',
      subject,
      said(
        `${counted(names.length, 'node')} should announce it and ${names.length === 1 ? 'does' : 'do'} not report it`,
        `${inWords(names)} should announce ${vip} by BGP, and ${names.length === 1 ? 'has' : 'have'} no ServiceBGPStatus that says so: the speaker there has not taken the configuration.`,
      ),
      [...proof, citeList(kubernetesFile('servicebgpstatuses'), '/items', `none of ${names.join(', ')}`)],
      {
        fix: {
          look: [
            'kubectl get servicebgpstatuses -A',
            sh`kubectl -n ${metallbSettings(evidence).namespace} logs -l component=speaker --tail=200 | grep -i -e bgp -e config`,
          ],
        },
        blocks: false,
      },
    )
  }
  return pass(
    'announced',
    subject,
    said(
      `${counted(telling.length, 'node')} ${telling.length === 1 ? 'announces' : 'announce'} it by BGP`,
      `${inWords(telling.map(({ node }) => node))} ${telling.length === 1 ? 'announces' : 'announce'} ${vip} by BGP to ${inWords(peers)}${out}.`,
    ),
    [...proof, ...(statuses ?? []).map((one) => one.proof)],
  )
}
