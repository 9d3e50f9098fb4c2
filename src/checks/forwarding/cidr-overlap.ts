import { cite, type Proof } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { parseAddress } from '../../net/address.ts'
import { overlaps, parseCidr, rangeHas } from '../../net/range.ts'
import { vpcById, vpcRanges } from '../../fabric/ec2/address-space.ts'
import { clusterVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { holdingsInVpc } from '../../fabric/ec2/holders.ts'
import { listText } from '../../fabric/ec2/words.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { pass, said, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'forwarding/cidr-overlap',
  after: 'forwarding/route-quota',
  title: 'The ranges of pods and Services lie outside the ranges of the VPC',
  needs: ['aws/vpcs', 'aws/network-interfaces', 'kubernetes/nodes'],
  alsoReads: ['kubernetes/services'],
  on: ['ec2'],
  ofCluster: true,
  blocks: false,
  run,
  docs: {
    means:
      "Pods whose range lies inside the VPC's cannot be routed there: a route inside the ranges of the VPC must name a whole subnet, and what no interface holds is delivered to nobody. Hosts of the VPC and pods or Services with the same addresses cannot be told apart. It is as it should be only where interfaces hold the pods' addresses, as with the Amazon VPC CNI plugin.",
    byHand: 'kubectl get nodes -o jsonpath={.items[*].spec.podCIDR} and aws ec2 describe-vpcs: compare the ranges.',
    mend: 'Give the cluster other ranges for pods and Services when it is rebuilt; until then use a CNI plugin that encapsulates.',
    sources: ['Amazon VPC User Guide, "Subnet route tables", considerations'],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const vpcId = clusterVpc(evidence, question.vpcId)
  const vpc = isGap(vpcId) ? vpcId : vpcById(evidence, vpcId)
  const { nodes } = evidence.kubernetes
  if (isGap(vpcId) || isGap(vpc) || isGap(nodes))
    return [
      unknown(
        'vpc-not-known',
        'vpc/unknown',
        said('the VPC of the nodes is not known', 'It is not known in which VPC the nodes are.'),
        [vpcId, vpc].filter(isGap),
      ),
    ]
  const ranges = vpcRanges(vpc)
  const holdings = known(holdingsInVpc(evidence, vpcId)) ?? []
  const clashing = nodes.flatMap((node) => {
    const range = parseCidr(node.spec?.podCIDR)
    const hit = range === null ? undefined : ranges.find((one) => overlaps(one, range))
    const held =
      range !== null && holdings.some((holding) => holding.as !== 'primary' && overlaps(holding.range, range))
    return range === null || hit === undefined || held ? [] : [{ node, range, hit }]
  })
  const services = (known(evidence.kubernetes.services) ?? []).filter(({ spec }) => {
    const address = parseAddress(spec?.clusterIP)
    return address !== null && ranges.some((range) => rangeHas(range, address))
  })
  const subject = `vpc/${vpcId}`
  const proof: Proof[] = [
    cite(vpc, 'CidrBlock'),
    ...clashing.slice(0, 8).map(({ node }) => cite(node, 'spec', 'podCIDR')),
    ...services.slice(0, 4).map((service) => cite(service, 'spec', 'clusterIP')),
  ]
  const own = listText(ranges.map(({ text }) => text))
  if (clashing.length === 0 && services.length === 0)
    return [
      pass(
        'apart',
        subject,
        said(
          'pods and Services lie outside the VPC’s ranges',
          `Pods and Services have no addresses in ${own}, the ranges of ${vpcId}.`,
        ),
        proof,
      ),
    ]
  const parts = [
    ...(clashing.length > 0 ? [`the pod ranges ${listText(clashing.map(({ range }) => range.text))}`] : []),
    ...(services.length > 0 ? [`the cluster addresses of ${listText(services.map(objectName))}`] : []),
  ]
  return [
    warn(
      'overlap',
      subject,
      said(
        `${clashing.length > 0 ? 'pods' : 'Services'} have addresses of the VPC’s ranges`,
        `Inside ${own}, the ranges of ${vpcId}, lie ${listText(parts)}: the VPC delivers none of them.`,
      ),
      proof,
      {
        fix: {
          look: [sh`kubectl get nodes -o jsonpath='{.items[*].spec.podCIDR}'`],
          advice:
            'The ranges of pods and Services are chosen when a cluster is built. Until then a CNI plugin that encapsulates keeps them off the VPC.',
        },
      },
    ),
  ]
}
