import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isAbsent, isGap, known } from '../../evidence/gap.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { configMapEra } from '../../lb/metallb/config-map.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { metallbSettings } from '../../lb/metallb/install.ts'
import { counted, inWords } from '../../net/words.ts'
import { moved } from '../about/moved.ts'
import { defineCheck } from '../check.ts'
import { pass, said, unknown, warn, type Draft } from '../finding.ts'

const kinds = [
  ['ipaddresspools', 'IPAddressPool'],
  ['l2advertisements', 'L2Advertisement'],
  ['bgpadvertisements', 'BGPAdvertisement'],
  ['bgppeers', 'BGPPeer'],
  ['bfdprofiles', 'BFDProfile'],
  ['communities', 'Community'],
] as const

export default defineCheck({
  id: 'control/misplaced',
  title: 'All of MetalLB’s objects stand in its namespace',
  needs: ['kubernetes/pods', 'kubernetes/ipaddresspools', 'kubernetes/l2advertisements'],
  alsoReads: [
    'kubernetes/bgpadvertisements',
    'kubernetes/bgppeers',
    'kubernetes/bfdprofiles',
    'kubernetes/communities',
    'kubernetes/configmaps',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: ({ evidence }) =>
    configMapEra(evidence) === null || 'MetalLB up to 0.12 is configured by a ConfigMap, and has no objects.',
  ofCluster: true,
  blocks: false,
  run: ({ evidence }) => judged(evidence),
  docs: {
    means:
      'MetalLB reads pools, advertisements, peers, profiles and communities in its own namespace only. The same object elsewhere is there for kubectl, and not for MetalLB. Where the webhook sees it being made, it says "resource must be created in … namespace".',
    byHand: 'kubectl get ipaddresspools,l2advertisements,bgpadvertisements,bgppeers,bfdprofiles,communities -A.',
    mend: 'Make the object again in MetalLB’s namespace, and delete the other one.',
    sources: ['MetalLB v0.16.1 internal/k8s/k8s.go (namespace of the cache)', 'metallb/metallb issue 2109'],
  },
})

/** The same for every VIP. */
const judged = perEvidence((evidence: Evidence): readonly Draft[] => {
  const { namespace } = metallbSettings(evidence)
  const subject = `namespace/${namespace}`
  const listed = kinds.map(([plural]) => evidence.kubernetes[plural])
  const strays = kinds.flatMap(([plural, kind]) =>
    (known(evidence.kubernetes[plural]) ?? [])
      .filter(({ metadata }) => metadata?.namespace !== namespace)
      .map((object) => ({ plural, kind, object, proof: cite(object, 'metadata', 'namespace') })),
  )
  if (strays.length > 0)
    return [
      warn(
        'other-namespace',
        subject,
        said(
          `${counted(strays.length, 'object')} of MetalLB ${strays.length === 1 ? 'stands' : 'stand'} in another namespace`,
          `${inWords(strays.map(({ kind, object }) => `${kind} ${objectName(object)}`))} ${strays.length === 1 ? 'stands' : 'stand'} in another namespace than ${namespace}: MetalLB reads nothing there, and says nothing of it.`,
        ),
        strays.map(({ proof }) => proof),
        {
          fix: {
            summary: `move ${strays.length === 1 ? 'it' : 'them'} to ${namespace}`,
            commands: strays.flatMap(({ plural, object }) => moved(plural, object, namespace)),
            changes: `Makes the same ${strays.length === 1 ? 'object' : 'objects'} in ${namespace}, where MetalLB takes them into account at once, and deletes them where they were. Where ${strays.length === 1 ? 'it belongs' : 'they belong'} to a MetalLB of that namespace, leave them.`,
          },
        },
      ),
    ]
  // A kind that nobody listed because it is not installed has no objects.
  const unread = gapsAmong(...listed).filter((one) => !isAbsent(one))
  if (unread.length > 0)
    return [
      unknown(
        'namespaces-not-read',
        subject,
        said(
          'whether all objects are in place is not known',
          'It is not known whether objects of MetalLB stand in another namespace.',
        ),
        unread,
      ),
    ]
  const count = listed.reduce((sum, list) => sum + (isGap(list) ? 0 : list.length), 0)
  return [
    pass(
      'all-in-place',
      subject,
      said('MetalLB’s objects are in its namespace', `${counted(count, 'object')} of MetalLB, all in ${namespace}.`),
      (known(evidence.kubernetes.ipaddresspools) ?? []).slice(0, 1).map((pool) => cite(pool, 'metadata', 'namespace')),
    ),
  ]
})
