import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../evidence/gap.ts'
import { parseAddress, sameAddress } from '../../net/address.ts'
import { isPublic } from '../../fabric/ec2/client-set.ts'
import { vpcById } from '../../fabric/ec2/address-space.ts'
import { subnetOfInterface, vipPlace, vpcDelivery } from '../../fabric/ec2/delivery.ts'
import { idOf } from '../../fabric/ec2/words.ts'
import { fabricOf } from '../../fabric/index.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/no-public-address',
  after: 'delivery/source-dest-check',
  title: 'A VIP for clients on the internet has a public address',
  needs: [],
  // Internet gateways are read where the client is on the internet, and only there.
  alsoReads: ['aws/network-interfaces', 'aws/subnets', 'aws/addresses', 'aws/vpcs'],
  appliesTo: ({ question }) => {
    const { client, vip } = question
    const fromOutside = client.kind === 'internet' || (client.kind === 'address' && isPublic(client.address))
    if (!fromOutside) return 'The client is not on the internet.'
    if (fabricOf(question).delivery !== 'ownership') return !isPublic(vip) || 'The VIP is a public address.'
    return vip.family === 6 ? 'An IPv6 address of a VPC is public by itself.' : true
  },
  blocks: true,
  consequenceOf: ['delivery/vip-not-owned', 'delivery/path-cannot-carry-vip'],
  run,
  docs: {
    means:
      'The internet knows no private address. On a LAN a router has to translate a public one. In a VPC a client on it reaches a VIP only by an Elastic IP address that is associated with the VIP as private address of an interface; the internet gateway then translates one into the other. The public address of the node itself leads to the primary address, not to the VIP.',
    byHand:
      'aws ec2 describe-addresses --filters Name=private-ip-address,Values=VIP lists the Elastic IP address, or nothing.',
    mend: 'Associate an Elastic IP address with the VIP, or put an internet-facing Network Load Balancer in front.',
    sources: [
      'Amazon EC2 User Guide, "Elastic IP addresses"',
      'Reachability Analyzer explanation codes, IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS',
    ],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const { vip } = question
  const subject = `vip/${vip.text}`
  if (fabricOf(question).delivery !== 'ownership')
    return [
      unknown(
        'router-not-known',
        subject,
        said(
          'what the router translates is not known',
          `${vip.text} is a private address, so a client on the internet reaches it only by a router that translates a public one; what that router does stands in no evidence.`,
        ),
        [],
      ),
    ]
  const gaps = gapsAmong(evidence.aws.networkInterfaces, evidence.aws.subnets)
  if (gaps.length > 0)
    return [
      unknown(
        'delivery-not-known',
        subject,
        said('its public address is not known', `It is not known whether a public address leads to ${vip.text}.`),
        gaps,
      ),
    ]
  const delivery = vpcDelivery(evidence, question)
  if (isGap(delivery))
    return [
      unknown(
        'holder-not-known',
        subject,
        said('who holds it is not known', `It is not known who holds ${vip.text}.`),
        [delivery],
      ),
    ]
  if (delivery.by !== 'owner')
    return [skipped('not-held', subject, `No interface holds ${vip.text}; only a held address can have a public one.`)]
  const { interface: eni } = delivery
  const blocked = blockOf(evidence, eni)
  if (blocked !== null) return [blocked]
  const index = (eni.PrivateIpAddresses ?? []).findIndex((one) => sameAddress(parseAddress(one.PrivateIpAddress), vip))
  const associated = eni.PrivateIpAddresses?.[index]?.Association?.PublicIp
  if (associated !== undefined)
    return [
      pass(
        'interface-address',
        subject,
        said(`${associated} leads to it`, `${associated} leads to ${vip.text} on ${idOf(eni)}.`),
        [cite(eni, 'PrivateIpAddresses', index, 'Association')],
      ),
    ]
  const { addresses } = evidence.aws
  if (isGap(addresses))
    return [
      unknown(
        'addresses-not-read',
        subject,
        said('its public address is not known', `It is not known whether a public address leads to ${vip.text}.`),
        [addresses],
      ),
    ]
  const elastic = addresses.find(
    ({ PrivateIpAddress, NetworkInterfaceId }) =>
      PrivateIpAddress === vip.text && NetworkInterfaceId === eni.NetworkInterfaceId,
  )
  if (elastic !== undefined)
    return [
      pass(
        'elastic-address',
        subject,
        said(
          `${elastic.PublicIp ?? 'an Elastic IP'} leads to it`,
          `${elastic.PublicIp ?? ''} leads to ${vip.text} on ${idOf(eni)}.`,
        ),
        [cite(elastic)],
      ),
    ]
  const where = known(vipPlace(evidence, question))
  const gateway = known(evidence.aws.internetGateways)?.some(({ Attachments }) =>
    Attachments?.some(({ VpcId }) => VpcId === where?.vpcId),
  )
  const free = addresses.find(
    ({ AssociationId, AllocationId }) => AssociationId === undefined && AllocationId !== undefined,
  )
  const allocation =
    free === undefined
      ? sh`"$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)"`
      : free.AllocationId
  const without = gateway === false ? ' The VPC has no internet gateway either.' : ''
  return [
    fail(
      'no-public-address',
      subject,
      said(
        'it has no public address',
        `No public address leads to ${vip.text}: a client on the internet has nothing to connect to.${without}`,
      ),
      [delivery.holding.proof()],
      {
        summary: 'give it a public address',
        commands: [
          sh`aws ec2 associate-address --allocation-id ${allocation} --network-interface-id ${eni.NetworkInterfaceId} --private-ip-address ${vip.text}`,
        ],
        changes:
          'The VIP can be reached from everywhere that the security groups admit; a public IPv4 address costs money. It follows the private address when that is reassigned.',
      },
      { awsCode: 'IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS' },
    ),
  ]
}

/** VPC Block Public Access refuses what would come in through an internet gateway, whatever the addresses are. */
function blockOf(evidence: Evidence, eni: NetworkInterface): Draft | null {
  const vpc = known(vpcById(evidence, eni.VpcId ?? ''))
  const subnet = known(subnetOfInterface(evidence, eni))
  // An exclusion for a subnet shows there as `off`; the subnet's own state goes before the VPC's.
  const item = subnet?.BlockPublicAccessStates === undefined ? vpc : subnet
  const mode = item?.BlockPublicAccessStates?.InternetGatewayBlockMode
  if (item === null || mode === undefined || mode === 'off') return null
  return fail(
    'block-public-access',
    `vpc/${eni.VpcId ?? ''}`,
    said(
      'VPC Block Public Access is on',
      `VPC Block Public Access is on (${mode}): nothing from the internet gets in.`,
    ),
    [cite(item, 'BlockPublicAccessStates')],
    {
      summary: `let the internet into ${eni.SubnetId ?? 'the subnet'}`,
      commands: [
        sh`aws ec2 create-vpc-block-public-access-exclusion --subnet-id ${eni.SubnetId} --internet-gateway-exclusion-mode allow-bidirectional`,
      ],
      changes: `Hosts there can then be reached from the internet where they have public addresses. Somebody turned it on for a reason: ask first.`,
    },
    { awsCode: 'VPC_BLOCK_PUBLIC_ACCESS_ENABLED' },
  )
}
