import { cite } from '../../../evidence/cite.ts'
import { known } from '../../../evidence/gap.ts'
import type { Address } from '../../../net/address.ts'
import { announcing, isServedBy } from '../../../lb/announcers.ts'
import { poolOf } from '../../../lb/metallb/pool-ranges.ts'
import { nodeWithAddress } from '../../../journey/address-of-node.ts'
import { sh } from '../../../net/shell.ts'
import { listText } from '../../../fabric/ec2/words.ts'
import type { VipContext } from '../../check.ts'
import { fail, pass, said, warn, type Draft } from '../../finding.ts'

/**
 * A VIP that is a node's own address: that node's kernel answers for it and translates it. So it is with every VIP of k3s' ServiceLB; it is
 * wrong where another node announces the address, and a risk where a pool hands it out.
 */
export function ownAddress(context: VipContext, vip: Address): Draft | null {
  const { evidence, question } = context
  const node = nodeWithAddress(evidence, vip)
  if (node === null) return null
  const name = node.metadata?.name ?? ''
  const subject = `vip/${vip.text}`
  const proof = [cite(node, 'status', 'addresses')]
  const others = (known(announcing(evidence, question).observed) ?? []).filter((other) => other !== name)
  const byServiceLb = isServedBy('k3s ServiceLB', evidence, question)
  if (byServiceLb)
    return pass(
      'own-address-by-service-lb',
      subject,
      said(
        `it is the address of node ${name}`,
        `${vip.text} is the own address of node ${name}, where ServiceLB put it: ${name} answers for it.`,
      ),
      proof,
    )
  const pool = known(poolOf(evidence, vip))
  const remedy = {
    look: [sh`kubectl get ipaddresspools.metallb.io -A -o yaml`],
    advice: 'Take the address of the node out of the pool that gives it away.',
  }
  if (others.length > 0)
    return fail(
      'address-of-node',
      subject,
      said(
        `the address of ${name}, announced by others`,
        `${vip.text} is the own address of node ${name}, and ${listText(others)} announces it too: packets to the VIP and packets to the node cannot be told apart.`,
      ),
      proof,
      remedy,
    )
  return pool === null
    ? pass(
        'own-address',
        subject,
        said(
          `it is the address of node ${name}`,
          `${vip.text} is the own address of node ${name}, which answers for it and translates it.`,
        ),
        proof,
      )
    : warn(
        'own-address-in-pool',
        subject,
        said(
          `the own address of node ${name}`,
          `${vip.text} is the own address of node ${name}: it is reached there, and as soon as another node announces it, ${name} itself is lost.`,
        ),
        proof,
        { fix: remedy, blocks: false },
      )
}
