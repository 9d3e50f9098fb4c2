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
import { configMapEra, editCommand, showCommand } from '../../lb/metallb/config-map.ts'
import { metallbSettings, olderThan } from '../../lb/metallb/install.ts'
import { inWords } from '../../net/words.ts'
import { announcedByBgp, onlyByBgp, unannounced } from '../about/announced.ts'
import { peerText } from '../../journey/bgp-sessions.ts'
import { defineCheck, type ServiceContext } from '../check.ts'
import { pass, unknown, warn, type Draft, type Remedy } from '../finding.ts'
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
    const show = (changes: string): Remedy => ({
      commands: [showCommand(evidence, 'bgpadvertisements,bgppeers')],
      changes,
    })
    if ((known(metallbPeers(evidence)) ?? []).length === 0) return [noPeer(context, subject, namespace, proof)]
    const conflict = conflictOf(evidence, question)
    if (conflict !== null) {
      const [one, other] = conflict
      return [
        lost(
          context,
          'conflicting-advertisements',
          subject,
          `${objectName(one)} and ${objectName(other)} want different local preferences (${String(one.spec?.localPref ?? 0)} and ${String(other.spec?.localPref ?? 0)}) for the same prefix, so MetalLB announces ${vip.text} by neither.`,
          [cite(one, 'spec'), cite(other, 'spec')],
          {
            commands: [editCommand(other, 'bgpadvertisement')],
            changes: 'With one localPref, or apart by nodes or peers, both advertisements hold.',
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
          `MetalLB speaks BGP with its native code here, which refuses IPv6, so no router is told of ${vip.text}.`,
          proof,
          show(
            'Changes nothing; IPv6 needs MetalLB installed with FRR (METALLB_BGP_TYPE frr-k8s, as its frr-k8s manifests and its chart set).',
          ),
        ),
      ]
    const speakers = bgpSpeakers(evidence, question)
    if (isGap(speakers))
      return [unknown('speakers-not-known', subject, `It is not known who announces ${vip.text} by BGP.`, [speakers])]
    const telling = speakers.filter(({ out }) => out === null)
    if (telling.length === 0)
      return [
        lost(
          context,
          'nobody-tells-peers',
          subject,
          `No node tells a BGP peer of ${vip.text}: ${outsText(speakers)}.`,
          speakers.map((one) => one.proof),
          show('Shows which nodes and peers the advertisements and the BGPPeers select.'),
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
      'Facts ML-B01, ML-B02, ML-B03, ML-B04, ML-B06, ML-B09',
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
  const era = configMapEra(evidence)
  if (era !== null)
    return lost(
      context,
      'no-peer-in-config-map',
      subject,
      `The pool of ${question.vip.text} is to be announced by BGP, but ${objectName(era.configMap ?? {})} names no peer, so no router is told of it.`,
      proof,
      {
        commands: [editCommand(era.configMap ?? undefined, 'configmap')],
        changes:
          'Opens the configuration; under peers it needs peer-address, peer-asn and my-asn of the router. Every speaker then opens a session with it. The router must wait for the nodes’ sessions: a speaker only dials.',
      },
    )
  return lost(
    context,
    elsewhere.length === 0 ? 'no-peer' : 'peer-in-other-namespace',
    subject,
    `A BGPAdvertisement covers ${question.vip.text}, but there is no BGPPeer in ${namespace}, so no router is told of it.${hint}`,
    [
      ...proof,
      citeList(kubernetesFile('bgppeers'), '/items', elsewhere.length === 0 ? 'empty' : `none in ${namespace}`),
    ],
    {
      commands: [
        `echo '{"apiVersion":"metallb.io/v1beta2","kind":"BGPPeer","metadata":{"name":"router","namespace":"${namespace}"},"spec":{"myASN":MY-ASN,"peerASN":PEER-ASN,"peerAddress":"PEER-ADDRESS"}}' | kubectl apply -f -`,
      ],
      changes:
        'Every speaker opens a session with the router and announces the VIPs; put your numbers in the place of MY-ASN, PEER-ASN and PEER-ADDRESS. The router must wait for the nodes’ sessions: a speaker only dials.',
    },
  )
}

/** Nobody is told. Where ARP or NDP announces the VIP too, or EC2 delivers, the packet does not depend on it. */
const lost = (
  context: ServiceContext,
  reason: string,
  subject: string,
  says: string,
  proof: readonly Proof[],
  fix: Remedy,
): Draft =>
  onlyByBgp(context)
    ? unannounced(context, reason, subject, says, proof, fix)
    : warn(reason, subject, `${says} An L2Advertisement covers the VIP too.`, proof, { fix, blocks: false })

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
      `${inWords(names)} should announce ${vip} by BGP, and ${names.length === 1 ? 'has' : 'have'} no ServiceBGPStatus that says so: the speaker there has not taken the configuration.`,
      [...proof, citeList(kubernetesFile('servicebgpstatuses'), '/items', `none of ${names.join(', ')}`)],
      {
        fix: {
          commands: [
            `kubectl get servicebgpstatuses -A`,
            `kubectl -n ${metallbSettings(evidence).namespace} logs -l component=speaker --tail=200 | grep -i -e bgp -e config`,
          ],
          changes: 'Shows who announces, and what the speakers say of their configuration.',
        },
        blocks: false,
      },
    )
  }
  return pass(
    'announced',
    subject,
    `${inWords(telling.map(({ node }) => node))} ${telling.length === 1 ? 'announces' : 'announce'} ${vip} by BGP to ${inWords(peers)}${out}.`,
    [...proof, ...(statuses ?? []).map((one) => one.proof)],
  )
}
