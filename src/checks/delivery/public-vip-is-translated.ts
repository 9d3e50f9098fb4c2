import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../evidence/gap.ts'
import { isPublic } from '../../fabric/ec2/client-set.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/public-vip-is-translated',
  title: 'The VIP is no public address that the internet gateway translates',
  needs: [],
  alsoReads: ['aws/addresses', 'aws/network-interfaces'],
  on: ['ec2'],
  appliesTo: ({ question: { vip } }) => (vip.family === 4 && isPublic(vip)) || 'The VIP is no public IPv4 address.',
  blocks: true,
  run,
  docs: {
    means:
      'An Elastic IP address, and every other public IPv4 address of an instance, exists at the internet gateway alone: the gateway writes the private address of the interface in its place before the packet enters the VPC, and the public one back into the answer. No node ever sees a packet for the public address, so a Service that has it as VIP matches nothing, whoever announces it. The pool needs the private address to which the public one leads.',
    byHand:
      'aws ec2 describe-addresses --public-ips VIP shows the private address that it stands for. tcpdump on the node shows packets for that one, never for the public one.',
    mend: 'Give the pool a private address that an interface of a node holds besides its own, and associate the Elastic IP address with that one (associate-address --private-ip-address).',
    sources: ['Amazon EC2 User Guide, "Elastic IP addresses"', 'Amazon VPC User Guide, "Internet gateways"'],
  },
})

/** A public address of an interface or of the account: the private one that it stands for, null where it leads nowhere. */
interface Translated {
  readonly to: string | null
  readonly allocation: string | null
  readonly proof: Proof
}

function run({ evidence, question }: VipContext): readonly Draft[] {
  const vip = question.vip.text
  const subject = `vip/${vip}`
  const translated = byAddresses(evidence, vip) ?? byInterfaces(evidence, vip)
  if (translated === null) {
    const gaps = gapsAmong(evidence.aws.addresses, evidence.aws.networkInterfaces)
    const doubt = said('whether it is translated is not known', `It is not known whether a gateway translates ${vip}.`)
    if (gaps.length > 0) return [unknown('addresses-not-read', subject, doubt, gaps)]
    return [
      pass('not-translated', subject, `${vip} is no public address of the account: no gateway translates it.`, []),
    ]
  }
  const { to, allocation, proof } = translated
  const where = to ?? 'the interface with which it will be associated'
  return [
    fail(
      'public-address',
      subject,
      said(
        'the internet gateway translates it',
        `${vip} is a public address of the account: the internet gateway translates it to ${where} before any node sees it, so no packet for ${vip} ever arrives. The pool needs the private address.`,
      ),
      [proof],
      {
        look: [sh`aws ec2 describe-addresses --public-ips ${vip}`],
        advice: `Put a private address into the pool that an interface of a node holds besides its own (aws ec2 assign-private-ip-addresses), and associate ${allocation ?? vip} with it by aws ec2 associate-address --private-ip-address.`,
      },
    ),
  ]
}

function byAddresses(evidence: Evidence, vip: string): Translated | null {
  const found = (known(evidence.aws.addresses) ?? []).find(({ PublicIp }) => PublicIp === vip)
  if (found === undefined) return null
  return { to: found.PrivateIpAddress ?? null, allocation: found.AllocationId ?? null, proof: cite(found, 'PublicIp') }
}

function byInterfaces({ aws }: Evidence, vip: string): Translated | null {
  if (isGap(aws.networkInterfaces)) return null
  for (const eni of aws.networkInterfaces) {
    const at = (eni.PrivateIpAddresses ?? []).findIndex(({ Association }) => Association?.PublicIp === vip)
    const one = eni.PrivateIpAddresses?.[at]
    if (one === undefined) continue
    return {
      to: one.PrivateIpAddress ?? null,
      allocation: one.Association?.AllocationId ?? null,
      proof: cite(eni, 'PrivateIpAddresses', at, 'Association'),
    }
  }
  return null
}
