import { cite, citeList, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../evidence/gap.ts'
import {
  kubernetesFile,
  objectName,
  type IPAddressPool,
  type L2Advertisement,
  type Service,
} from '../../evidence/kubernetes/kinds.ts'
import {
  allows,
  bgpAdvertisementsFor,
  covers,
  l2AdvertisementsFor,
  sharingObstacle,
} from '../../lb/metallb/advertisements.ts'
import { eligibleNodes } from '../../lb/metallb/election.ts'
import { editCommands, isDerived } from '../../lb/metallb/config-map.ts'
import { metallbPods, metallbSettings } from '../../lb/metallb/install.ts'
import { metallbPools, poolOf, whereAre } from '../../lb/metallb/pool-ranges.ts'
import { unannounced } from '../about/announced.ts'
import { defineCheck } from '../check.ts'
import { pass, said, unknown, warn, type Remedy } from '../finding.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { dropAnnotation } from '../about/service-request.ts'
import { counted, inWords } from '../../net/words.ts'

export default defineCheck({
  id: 'announcement/l2-advertisement',
  title: 'An advertisement covers the VIP and lets at least one node announce it',
  needs: ['kubernetes/ipaddresspools', 'kubernetes/l2advertisements', 'kubernetes/nodes'],
  alsoReads: ['kubernetes/bgpadvertisements', 'kubernetes/pods', 'kubernetes/daemonsets', 'kubernetes/deployments'],
  about: ['service'],
  announcer: 'MetalLB',
  blocks: true,
  run: (context) => {
    const { evidence, question } = context
    const { vip, service } = question
    const subject = `vip/${vip.text}`
    const pool = poolOf(evidence, vip)
    const advertisements = evidence.kubernetes.l2advertisements
    if (isGap(pool) || isGap(advertisements))
      return [
        unknown(
          'pool-not-known',
          subject,
          said('whether it is advertised is not known', `It is not known whether ${vip.text} is advertised.`),
          gapsAmong(pool, advertisements),
        ),
      ]
    const wrong = (reason: string, brief: string, says: string, proof: readonly Proof[], fix: Remedy) =>
      unannounced(context, reason, subject, { brief, says }, proof, fix)
    if (pool === null) {
      const pools = whereAre(evidence, 'ipaddresspools', 'none holds it')
      return [
        wrong(
          'in-no-pool',
          'none of MetalLB’s pools has it',
          `${vip.text} lies in none of MetalLB's pools, so no speaker announces it.`,
          [pools.proof],
          { look: [pools.show], advice: 'A pool that holds the address lets MetalLB announce it again.' },
        ),
      ]
    }
    const poolName = pool.metadata?.name ?? ''
    const all = [...advertisements, ...(known(evidence.kubernetes.bgpadvertisements) ?? [])]
    const covering = known(l2AdvertisementsFor(evidence, question)) ?? []
    const bgp = known(bgpAdvertisementsFor(evidence, question)) ?? []
    const nodes = known(evidence.kubernetes.nodes) ?? []
    const able = [...covering, ...bgp].find((one) => nodes.some((node) => allows(one, node)))
    const obstacle = sharingObstacle(evidence, question)
    if (obstacle !== null && bgp.length === 0) {
      return [
        wrong(
          'shared-with-selectors',
          'a shared address under serviceSelectors',
          `Service ${objectName(service)} may share its address (metallb.io/allow-shared-ip), and ${objectName(obstacle)} chooses Services by serviceSelectors: MetalLB announces ${vip.text} not at all, and logs sharedIPWithServiceSelector.`,
          [cite(obstacle, 'spec', 'serviceSelectors'), cite(service, 'metadata', 'annotations')],
          {
            summary: 'let the Service share its address no longer',
            commands: dropAnnotation(service, 'allow-shared-ip'),
            changes:
              'A Service that has the same address loses it. Or leave serviceSelectors out of the advertisement.',
          },
        ),
      ]
    }
    if (covering.length === 0 && isGap(evidence.kubernetes.bgpadvertisements))
      return [
        unknown(
          'nodes-not-known',
          subject,
          said('whether it is advertised is not known', `It is not known whether ${vip.text} is advertised.`),
          [evidence.kubernetes.bgpadvertisements],
        ),
      ]
    if (covering.length + bgp.length === 0) {
      const manifest = jsonWord({
        apiVersion: 'metallb.io/v1beta1',
        kind: 'L2Advertisement',
        metadata: { name: poolName, namespace: pool.metadata?.namespace ?? 'metallb-system' },
        spec: { ipAddressPools: [poolName] },
      })
      return [
        wrong(
          'no-advertisement',
          'no advertisement covers its pool',
          `No L2Advertisement or BGPAdvertisement covers pool ${poolName}, so no speaker announces ${vip.text}.${hints(evidence, pool, service, all)}`,
          [
            citeList(kubernetesFile('l2advertisements'), '/items', 'none covers the pool'),
            cite(pool, 'spec', 'addresses'),
            ...all.map((one) => cite(one, 'metadata', 'namespace')),
          ],
          {
            summary: `advertise pool ${poolName}`,
            commands: [sh`echo ${manifest} | kubectl apply -f -`],
            changes: `The speakers announce every Service of the pool by ARP or NDP.`,
          },
        ),
      ]
    }
    const [first] = [...covering, ...bgp]
    if (able === undefined && first !== undefined) {
      const kind = covering.length > 0 ? 'l2advertisement' : 'bgpadvertisement'
      const { namespace = 'metallb-system', name } = first.metadata ?? {}
      return [
        wrong(
          'no-node-selected',
          'its advertisement selects no node',
          `The advertisement ${objectName(first)} of pool ${poolName} selects no node, so no speaker may announce ${vip.text}.`,
          [cite(first, 'spec', 'nodeSelectors')],
          {
            summary: `let ${kind} ${name ?? ''} select every node`,
            commands: isDerived(first)
              ? editCommands(first, kind)
              : [
                  sh`kubectl -n ${namespace} patch ${kind} ${name} --type merge -p ${jsonWord({ spec: { nodeSelectors: null } })}`,
                ],
            changes:
              'Every speaker may then announce the VIPs that it covers. A nodeSelector that the labels of some nodes meet leaves it to those.',
          },
        ),
      ]
    }
    if (able === undefined) return []
    const eligible = known(eligibleNodes(evidence, question)) ?? []
    const how = covering.includes(able) ? 'by ARP or NDP' : 'by BGP'
    const count = eligible.length === 0 ? '' : ` from ${counted(eligible.length, 'node')}`
    // Who may announce by configuration does not where no speaker runs; why none does is control/speaker's to say.
    if (known(metallbPods(evidence, 'speaker'))?.length === 0)
      return [
        warn(
          'advertised-by-nobody',
          subject,
          said(
            'advertised, and no speaker is there',
            `${objectName(able)} lets MetalLB announce ${vip.text} of pool ${poolName} ${how}${count}, and no node has a speaker.`,
          ),
          [cite(able, 'spec'), citeList(kubernetesFile('pods'), '/items', 'no MetalLB speaker among them')],
          { blocks: false },
        ),
      ]
    return [
      pass(
        'advertised',
        subject,
        said(
          `may be announced ${how}${count}`,
          `${objectName(able)} lets MetalLB announce ${vip.text} of pool ${poolName} ${how}${count}.`,
        ),
        [cite(able, 'spec'), cite(pool, 'spec', 'addresses')],
      ),
    ]
  },
  docs: {
    means:
      'MetalLB gave the address but no speaker may announce it: no L2Advertisement or BGPAdvertisement covers its pool, the ones that do select no node, or (behind 0.16) one chooses Services by serviceSelectors and the Service may share its address. Nobody answers ARP for the VIP. On EC2 that is a warning only: the VPC delivers by ownership of the address, whatever is announced.',
    byHand:
      'kubectl get l2advertisements,bgpadvertisements -A -o yaml: is the pool named, do nodeSelectors meet the labels of a node? MetalLB writes no event for it.',
    mend: 'Create an L2Advertisement for the pool, or correct its nodeSelectors.',
    sources: [
      'MetalLB v0.16.1 speaker/layer2_controller.go (ShouldAnnounce), internal/config/config.go (setL2AdvertisementsToPools)',
      'metallb/metallb issues 1989 and 2295',
      'MetalLB documentation, "Configuration: Announce the service IPs"',
    ],
  },
})

/** What the advertisements that are there miss the pool by: MetalLB passes over all of these in silence. */
function hints(
  evidence: Evidence,
  pool: IPAddressPool,
  service: Service | null,
  advertisements: readonly L2Advertisement[],
): string {
  const { namespace } = metallbSettings(evidence)
  const inPlace = (one: { readonly metadata?: L2Advertisement['metadata'] }): boolean =>
    one.metadata?.namespace === namespace
  const pools = new Set((known(metallbPools(evidence)) ?? []).map(({ metadata }) => metadata?.name ?? ''))
  return advertisements
    .map((one) => {
      const missing = (one.spec?.ipAddressPools ?? []).filter((name) => !pools.has(name))
      if (!inPlace(one))
        return ` ${objectName(one)} stands in another namespace than ${namespace}, where MetalLB does not look.`
      if (missing.length > 0)
        return ` ${objectName(one)} names ${inWords(missing)}, and there is no such pool; MetalLB passes over that in silence.`
      return covers({ spec: { ...one.spec, serviceSelectors: undefined } }, pool, service)
        ? ` ${objectName(one)} selects other Services.`
        : ''
    })
    .join('')
}
