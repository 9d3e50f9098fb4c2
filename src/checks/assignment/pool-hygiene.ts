import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../evidence/gap.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'
import { objectName, type IPAddressPool } from '../../evidence/kubernetes.ts'
import { editCommand, standsInConfigMap } from '../../evidence/metallb-config-map.ts'
import { poolName, poolOf, rangesOf } from '../../evidence/metallb-pools.ts'
import type { Fabric } from '../../evidence/question.ts'
import { addressOf, parseAddress } from '../../net/address.ts'
import { intersect, parseCidr, rangeHas, rangeOf, rangeText, sizeOf, type Range } from '../../net/range.ts'
import { without } from '../../net/range-set.ts'
import { counted, inWords } from '../../net/words.ts'
import { networksOfNode } from '../../node/networks.ts'
import { reservedFor, subnetRanges } from '../../vpc/address-space.ts'
import { underMetallb } from '../announced.ts'
import { defineCheck } from '../check.ts'
import { pass, skipped, unknown, warn, type Draft, type Fix } from '../finding.ts'

export default defineCheck({
  id: 'assignment/pool-hygiene',
  title: 'The pool of the VIP holds no address that something else has',
  needs: ['kubernetes/ipaddresspools', 'kubernetes/nodes'],
  alsoReads: [
    'kubernetes/services',
    'kubernetes/pods',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'node/ip-addr',
    'node/ip-route',
    'aws/subnets',
  ],
  appliesTo: (context) => (context.question.vip === null ? 'The Service has no VIP yet.' : underMetallb(context)),
  blocks: false,
  run: ({ evidence, question }) => {
    const { vip } = question
    if (vip === null) return []
    const pool = poolOf(evidence, vip)
    if (isGap(pool))
      return [unknown(`vip/${vip.text}`, 'It is not known from which pool the VIP comes.', gapsAmong(pool))]
    if (pool === null) return [skipped(`vip/${vip.text}`, `${vip.text} is in none of MetalLB's pools.`)]
    return [hygieneOf(evidence, pool)[question.fabric]]
  },
  docs: {
    means:
      'MetalLB does not look at what else is in the network: a pool may hold the nodes’ own addresses, their gateway, the first and last address of a subnet (or those that EC2 reserves), or addresses of pods and of Services. Sooner or later one of them becomes a VIP: a node drops off the network, or the VIP never answers.',
    byHand: 'kubectl get ipaddresspools -A -o yaml, against kubectl get nodes -o wide and ip route on a node.',
    mend: 'Leave those addresses out of spec.addresses. A Service that has one already gets another when it is created again.',
    sources: [
      'MetalLB v0.16.1 internal/config/config.go (what is checked, and what is not)',
      'metallb/metallb issue 1397',
      'Amazon VPC User Guide, "Subnet CIDR blocks"',
    ],
  },
})

/** Addresses with an owner; `what` names them, `%` stands for the addresses themselves. */
interface Taken {
  readonly range: Range
  readonly what: string
  readonly proof: readonly Proof[]
}

interface TakenFromPool extends Taken {
  readonly common: Range
}

/** What is said of a pool: the same for every VIP of it, and long where the pool holds the addresses of a large cluster. */
const hygieneOf = perEvidenceAnd((evidence: Evidence, pool: IPAddressPool): Readonly<Record<Fabric, Draft>> => ({
  ec2: judge(pool, overlap(takenAddresses(evidence, true), rangesOf(pool))),
  lan: judge(pool, overlap(takenAddresses(evidence, false), rangesOf(pool))),
}))

function judge(pool: IPAddressPool, taken: readonly TakenFromPool[]): Draft {
  const subject = `ipaddresspool/${poolName(pool)}`
  const ranges = rangesOf(pool)
  const own = cite(pool, 'spec', 'addresses')
  if (taken.length === 0) {
    const size = counted(Number(ranges.reduce((sum, range) => sum + sizeOf(range), 0n)), 'address', 'addresses')
    return pass(subject, `None of the ${size} of pool ${poolName(pool)} is known to belong to something else.`, [own])
  }
  const owners = inWords(taken.map(({ what, common }) => what.replace('%', rangeText(common))))
  const left = without(
    ranges,
    taken.map(({ common }) => common),
  )
  return warn(
    subject,
    `Pool ${poolName(pool)} holds ${owners}. MetalLB gives them out like any other, and whoever has them loses its traffic, or the VIP does.`,
    [own, ...taken.flatMap(({ proof }) => proof).slice(0, 20)],
    { fix: narrowed(pool, left) },
  )
}

/** What is named twice counts once. */
function overlap(taken: readonly Taken[], ranges: readonly Range[]): readonly TakenFromPool[] {
  const named = new Map<string, TakenFromPool>()
  for (const one of taken) {
    const common = ranges.flatMap((range) => intersect(range, one.range) ?? [])[0]
    if (common !== undefined && !named.has(one.what)) named.set(one.what, { ...one, common })
  }
  return [...named.values()]
}

const takenAddresses = perEvidenceAnd((evidence: Evidence, onEc2: boolean): readonly Taken[] => {
  const nodes = known(evidence.kubernetes.nodes) ?? []
  const own = nodes.flatMap((node) =>
    (node.status?.addresses ?? []).flatMap(({ address: text }, index): Taken[] => {
      const address = parseAddress(text)
      const proof = [cite(node, 'status', 'addresses', index, 'address')]
      return address === null
        ? []
        : [{ range: rangeOf(address), what: `%, the address of ${node.metadata?.name ?? 'a node'}`, proof }]
    }),
  )
  const pods = nodes.flatMap((node) =>
    (node.spec?.podCIDRs ?? []).flatMap((text, index): Taken[] => {
      const cidr = parseCidr(text)
      const proof = [cite(node, 'spec', 'podCIDRs', index)]
      return cidr === null ? [] : [{ range: cidr, what: `% of the pods of ${node.metadata?.name ?? 'a node'}`, proof }]
    }),
  )
  const services = (known(evidence.kubernetes.services) ?? []).flatMap((service): Taken[] => {
    const address = parseAddress(service.spec?.clusterIP)
    const what = `%, the ClusterIP of ${objectName(service)}`
    return address === null ? [] : [{ range: rangeOf(address), what, proof: [cite(service, 'spec', 'clusterIP')] }]
  })
  return [...own, ...gateways(evidence), ...(onEc2 ? reserved(evidence) : edges(evidence)), ...pods, ...services]
})

/** Where the nodes send what is not for their own networks. */
const gateways = (evidence: Evidence): Taken[] =>
  evidence.nodeNames.flatMap((node) =>
    (known(evidence.node(node).ipRoute) ?? []).flatMap((route): Taken[] => {
      const address = parseAddress(route.gateway)
      return address === null || route.dst !== 'default'
        ? []
        : [{ range: rangeOf(address), what: '%, the gateway of the nodes', proof: [cite(route, 'gateway')] }]
    }),
  )

/** The first and the last address of a network: its own, and the broadcast's. */
const edges = (evidence: Evidence): Taken[] =>
  evidence.nodeNames.flatMap((node) =>
    (known(networksOfNode(evidence, node)) ?? []).flatMap(({ cidr, proof }): Taken[] =>
      cidr.family === 6
        ? []
        : [cidr.first, cidr.last].map((value, index) => ({
            range: rangeOf(addressOf(cidr.family, value)),
            what: `%, the ${index === 0 ? 'network' : 'broadcast'} address of ${cidr.text}`,
            proof,
          })),
    ),
  )

/** What EC2 keeps for itself in each subnet. */
const reserved = (evidence: Evidence): Taken[] =>
  (known(evidence.aws.subnets) ?? []).flatMap((subnet) =>
    subnetRanges(subnet).flatMap((range) =>
      [range.first, range.first + 1n, range.first + 2n, range.first + 3n, range.last].flatMap((value): Taken[] => {
        const address = addressOf(range.family, value)
        const use = rangeHas(range, address) ? reservedFor(range, address) : null
        return use === null
          ? []
          : [
              {
                range: rangeOf(address),
                what: `%, which EC2 keeps in ${range.text}`,
                proof: [cite(subnet, 'CidrBlock')],
              },
            ]
      }),
    ),
  )

/** The pool without these addresses, as one patch. */
function narrowed(pool: IPAddressPool, left: readonly Range[]): Fix {
  const { namespace = 'metallb-system', name = '' } = pool.metadata ?? {}
  if (standsInConfigMap(pool))
    return {
      commands: [editCommand(pool, 'configmap')],
      changes: `Opens the configuration: leave the pool ${inWords(left.map(poolText))}. A Service that holds one of the others loses it and gets another, and its clients have to follow.`,
    }
  const patch = JSON.stringify({ spec: { addresses: left.map(poolText) } })
  return {
    commands: [`kubectl -n ${namespace} patch ipaddresspool ${name} --type merge -p '${patch}'`],
    changes:
      'Takes those addresses out of the pool. A Service that holds one of them loses it and gets another, and its clients have to follow.',
  }
}

/** As a pool is written: one address needs its length, since MetalLB takes only CIDRs and FIRST-LAST. */
const poolText = (range: Range): string => {
  const text = rangeText(range)
  return /[/-]/.test(text) ? text : `${text}/${range.family === 6 ? '128' : '32'}`
}
