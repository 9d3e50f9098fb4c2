import { serviceOf } from '../../../evidence/question.ts'
import { fabricOf } from '../../../fabric/index.ts'
import { cite, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { known } from '../../../evidence/gap.ts'
import { boundAnywhere } from '../../../lb/kube-vip/bound.ts'
import type { KubeVipPod } from '../../../lb/kube-vip/pods.ts'
import { parseAddress, sameAddress, type Address } from '../../../net/address.ts'
import { clusterVpc } from '../../../fabric/ec2/cluster-vpc.ts'
import { holdersOf } from '../../../fabric/ec2/holders.ts'
import { idOf, interfaceText } from '../../../fabric/ec2/words.ts'
import type { Context } from '../../check.ts'
import { sh } from '../../../net/shell.ts'
import { fail, said, type Draft } from '../../finding.ts'
import { settingCommands } from '../../about/kube-vip-edit.ts'

/** Where the kubelet or the CNI took the VIP for the node's own address, the node is lost as soon as the VIP moves. */
export function vipAsNodeAddress({ evidence, question: { vip } }: Context): readonly Draft[] {
  if (vip === null) return []
  return nodesWith(evidence, vip.text).map(({ name, proof }) =>
    fail(
      'vip-is-internal-ip',
      `node/${name}`,
      said(
        'a node gives it as its own InternalIP',
        `${name} gives the VIP ${vip.text} as its own InternalIP: the API server and the other nodes lose it as soon as the VIP moves.`,
      ),
      [proof],
      {
        look: [
          sh`ssh ${name} sudo grep -rn node-ip /etc/default/kubelet /var/lib/kubelet/ /etc/systemd/system/kubelet.service`,
        ],
        advice: '--node-ip with the address that the interface had before pins it; restart the kubelet then.',
      },
    ),
  )
}

/**
 * An address that a node or another machine had before kube-vip: with the loss of the lead kube-vip removes it (issue 1288). A node's own
 * is told by the node's further addresses, by DHCP (`dynamic`), and on EC2 by the interface whose primary address it is.
 */
export function vipAsOwnAddress({ evidence, question }: Context, pods: readonly KubeVipPod[]): readonly Draft[] {
  const { vip } = question
  const service = serviceOf(question)
  if (vip === null || pods.length === 0) return []
  const owners = [
    ...furtherAddresses(evidence, vip),
    ...byDhcp(evidence, vip),
    ...(fabricOf(question).delivery === 'ownership' ? primary(evidence, question) : []),
  ]
  return owners.slice(0, 1).map(({ reason, subject, says, proof }) =>
    fail(
      reason,
      subject,
      said(
        'it is a machine’s own address too',
        `The VIP ${vip.text} is ${says}: an address has one owner, and kube-vip takes this one off its node’s interface when it loses the lead.`,
      ),
      [proof],
      {
        summary:
          service === null ? 'give kube-vip another address' : 'give the Service another address (replace <address>)',
        commands:
          service === null
            ? settingCommands(pods)
            : [
                sh`kubectl -n ${service.metadata?.namespace ?? 'default'} annotate service ${service.metadata?.name} --overwrite 'kube-vip.io/loadbalancerIPs=<address>'`,
              ],
        changes: 'With an address that nothing else has each of the two is reached again.',
      },
    ),
  )
}

interface Owner {
  readonly reason: string
  readonly subject: string
  readonly says: string
  readonly proof: Proof
}

const furtherAddresses = (evidence: Evidence, vip: Address): readonly Owner[] =>
  (known(evidence.kubernetes.nodes) ?? []).flatMap((node) =>
    (node.status?.addresses ?? []).flatMap(({ type = '', address }, at) =>
      type === 'InternalIP' || !sameAddress(parseAddress(address), vip)
        ? []
        : [
            {
              reason: 'vip-is-node-address',
              subject: `node/${node.metadata?.name ?? ''}`,
              says: `the ${type} of ${node.metadata?.name ?? ''} too`,
              proof: cite(node, 'status', 'addresses', at, 'address'),
            },
          ],
    ),
  )

const byDhcp = (evidence: Evidence, vip: Address): readonly Owner[] =>
  boundAnywhere(evidence, vip)
    .filter(({ dynamic }) => dynamic)
    .map((one) => ({
      reason: 'vip-by-dhcp',
      subject: `node/${one.node}`,
      says: `the address that ${one.node} got for ${one.interface} by DHCP`,
      proof: one.proof,
    }))

function primary(evidence: Evidence, { vip, vpcId: asked }: Context['question']): readonly Owner[] {
  const vpcId = known(clusterVpc(evidence, asked))
  const owners = vpcId === null || vip === null ? null : known(holdersOf(evidence, vpcId, vip))
  return (owners ?? [])
    .filter((one) => one.as === 'primary')
    .map((one) => ({
      reason: 'vip-is-primary-address',
      subject: `eni/${idOf(one.interface)}`,
      says: `the primary address of ${interfaceText(evidence, one.interface)}`,
      proof: one.proof(),
    }))
}

function nodesWith(evidence: Evidence, vip: string): readonly { readonly name: string; readonly proof: Proof }[] {
  return (known(evidence.kubernetes.nodes) ?? []).flatMap((node) => {
    const addresses = node.status?.addresses ?? []
    const at = addresses.findIndex(
      ({ type, address }) => type === 'InternalIP' && sameAddress(parseAddress(address), parseAddress(vip)),
    )
    return at === -1
      ? []
      : [{ name: node.metadata?.name ?? '', proof: cite(node, 'status', 'addresses', at, 'address') }]
  })
}
