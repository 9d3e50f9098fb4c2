import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../evidence/gap.ts'
import { objectName, type Service } from '../../evidence/kubernetes/kinds.ts'
import { cloudPool, cloudProviderInstalled, poolConfigMap, type CloudPool } from '../../lb/kube-vip/cloud-provider.ts'
import { servicePods } from '../../lb/kube-vip/pods.ts'
import { overlaps, rangeOf, rangeText, type Range } from '../../net/range.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { within, without } from '../../net/range-set.ts'
import { networksOfNode } from '../../node/networks.ts'
import { subnetOfAddress } from '../../fabric/ec2/address-space.ts'
import { clusterVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { holdingsInVpc } from '../../fabric/ec2/holders.ts'
import { interfaceText } from '../../fabric/ec2/words.ts'
import { addressOf, parseAddress } from '../../net/address.ts'
import { fabricOf } from '../../fabric/index.ts'
import { defineCheck, type Context } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft, type Remedy } from '../finding.ts'
import { overlap, takenAddresses, type Taken } from '../../journey/taken-addresses.ts'

export default defineCheck({
  id: 'assignment/kube-vip-pool',
  after: 'assignment/two-allocators',
  title: 'The pool of kube-vip-cloud-provider lies in the nodes’ subnet and holds no address that something else has',
  needs: ['kubernetes/pods', 'kubernetes/configmaps', 'kubernetes/nodes'],
  alsoReads: [
    'kubernetes/deployments',
    'kubernetes/services',
    'node/ip-addr',
    'node/ip-route',
    'aws/subnets',
    'aws/network-interfaces',
  ],
  announcer: 'kube-vip',
  about: ['service'],
  appliesTo: (context) => {
    const installed = cloudProviderInstalled(context.evidence)
    return isGap(installed) || installed || 'kube-vip-cloud-provider is not installed.'
  },
  blocks: false,
  run: (context) => {
    const { evidence, question } = context
    const { service } = question
    const configMap = poolConfigMap(evidence)
    const subject = 'configmap/kube-system/kubevip'
    if (isGap(configMap))
      return [
        unknown(
          'pools-not-known',
          subject,
          said('its pools are not known', 'The pools of kube-vip-cloud-provider are not known.'),
          [configMap],
        ),
      ]
    const pool = configMap === null ? null : cloudPool(configMap, service.metadata?.namespace ?? 'default')
    if (pool === null || pool.ranges.length === 0)
      return [skipped('no-pool', subject, `kube-vip-cloud-provider has no pool for Service ${objectName(service)}.`)]
    return [judged(context, service, pool)]
  },
  docs: {
    means:
      'kube-vip-cloud-provider gives out what its ConfigMap says and looks at nothing else in the network. By ARP a VIP is reached only from the subnet in which it lies, so a pool outside the nodes’ subnets reaches nobody; and a pool that holds the own address of a node or another machine, of a gateway, or one that EC2 keeps for itself, gives it to a Service one day.',
    byHand:
      'kubectl -n kube-system get configmap kubevip -o yaml, against kubectl get nodes -o wide, ip address and ip route on a node; on EC2 aws ec2 describe-subnets and describe-network-interfaces.',
    mend: 'Give the namespace (range-NAMESPACE, cidr-NAMESPACE) or all (range-global, cidr-global) a range of the nodes’ subnet that nothing else uses. Services keep the addresses that they have.',
    sources: ['kube-vip-cloud-provider v0.0.12 pkg/provider, pkg/ipam'],
  },
})

function judged({ evidence, question }: Context, service: Service, pool: CloudPool): Draft {
  const subject = `pool/${pool.key}`
  const own = cite(pool.configMap, 'data', pool.key)
  const ec2 = fabricOf(question).delivery === 'ownership'
  const taken = overlap([...takenAddresses(evidence, ec2), ...(ec2 ? primaries(evidence) : [])], pool.ranges)
  if (taken.length > 0)
    return warn(
      'pool-collides',
      subject,
      said(
        'the pool holds addresses that others have',
        `The pool ${pool.key} of kube-vip-cloud-provider holds ${inWords(taken.map(({ what, common }) => what.replace('%', rangeText(common))))}. It gives them out like any other.`,
      ),
      [own, ...taken.flatMap(({ proof }) => proof).slice(0, 20)],
      {
        fix: otherPool(
          pool,
          without(
            pool.ranges,
            taken.map(({ common }) => common),
          ),
        ),
      },
    )
  const home = homes(evidence, ec2)
  if (home.length === 0)
    return unknown(
      'home-not-known',
      subject,
      said(
        'the subnets of the nodes are not known',
        `It is not known whether the pool ${pool.key} lies in a subnet of the nodes.`,
      ),
      ec2
        ? gapsAmong(evidence.aws.subnets)
        : gapsAmong(...evidence.nodeNames.map((node) => evidence.node(node).ipAddr)),
      [own],
    )
  const outside = pool.ranges.filter((range) => !home.some(({ range: one }) => overlaps(one, range)))
  // By BGP and by routing table a VIP need not lie in any subnet.
  const byArp = servicePods(evidence).some(({ settings }) => settings.modes.includes('arp'))
  if (outside.length > 0 && byArp)
    return warn(
      'outside-node-subnets',
      subject,
      said(
        'the pool lies outside the nodes’ subnets',
        `The pool ${pool.key} of kube-vip-cloud-provider has ${inWords(outside.map(rangeText))}, outside the ${inWords([...new Set(home.map(({ text }) => text))])} of the nodes: by ARP such a VIP of Service ${objectName(service)} is found by nobody.`,
      ),
      [own, ...home.slice(0, 6).flatMap(({ proof }) => proof)],
      {
        fix: otherPool(
          pool,
          pool.ranges.flatMap((one) =>
            within(
              home.map(({ range }) => range),
              one,
            ),
          ),
        ),
      },
    )
  return pass(
    'pool-free',
    subject,
    said(
      'nothing else has an address of the pool',
      `Nothing else is known to have an address of the pool ${pool.key} of kube-vip-cloud-provider.`,
    ),
    [own],
  )
}

interface Home {
  readonly range: Range
  readonly text: string
  readonly proof: readonly Proof[]
}

/** The subnets that the nodes are in: of the VPC, or as their interfaces have them. */
function homes(evidence: Evidence, ec2: boolean): readonly Home[] {
  if (!ec2)
    return evidence.nodeNames.flatMap((node) =>
      (known(networksOfNode(evidence, node)) ?? []).map(({ cidr, proof }) => ({ range: cidr, text: cidr.text, proof })),
    )
  const vpc = known(clusterVpc(evidence, null))
  if (vpc === null) return []
  return (known(evidence.kubernetes.nodes) ?? []).flatMap((node) =>
    (node.status?.addresses ?? []).flatMap(({ address }) => {
      const parsed = parseAddress(address)
      const place = parsed === null ? null : known(subnetOfAddress(evidence, vpc, parsed))
      return place === null
        ? []
        : [{ range: place.range, text: rangeText(place.range), proof: [cite(place.subnet, 'CidrBlock')] }]
    }),
  )
}

/** The own addresses of all machines of the VPC; those of nodes are told by the nodes themselves. */
function primaries(evidence: Evidence): readonly Taken[] {
  const vpc = known(clusterVpc(evidence, null))
  const nodes = new Set(
    (known(evidence.kubernetes.nodes) ?? []).flatMap(({ status }) =>
      (status?.addresses ?? []).map(({ address }) => address),
    ),
  )
  return (vpc === null ? [] : (known(holdingsInVpc(evidence, vpc)) ?? []))
    .filter(({ as, range }) => as === 'primary' && !nodes.has(addressOf(range.family, range.first).text))
    .map((one) => ({
      range: rangeOf(addressOf(one.range.family, one.range.first)),
      what: `%, the primary address of ${interfaceText(evidence, one.interface)}`,
      proof: [one.proof()],
    }))
}

/** Leaves the pool what is good of it; a key of CIDRs, or one of which nothing is, waits for what the user knows. */
function otherPool({ key }: CloudPool, left: readonly Range[]): Remedy {
  const open = key.startsWith('cidr-') ? '<network>/<length>' : '<first>-<last>'
  const known = key.startsWith('range-') && left.length > 0
  const value = known ? left.map(fromTo).join(',') : open
  return {
    summary: known ? `leave ${key} what is free of it` : `give ${key} other addresses (replace ${open})`,
    commands: [
      sh`kubectl -n kube-system patch configmap kubevip --type merge -p ${jsonWord({ data: { [key]: value } })}`,
    ],
    changes: `${known ? '' : 'Choose free addresses of the nodes’ subnet. '}Services keep the addresses that they have.`,
  }
}

/** As kube-vip-cloud-provider reads a range: its first and its last address. */
const fromTo = ({ family, first, last }: Range): string =>
  `${addressOf(family, first).text}-${addressOf(family, last).text}`
