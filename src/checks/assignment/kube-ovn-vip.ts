import { cite, citeList, type Proof } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { kubernetesFile, objectName, type OvnVip } from '../../evidence/kubernetes/kinds.ts'
import { addressesOf, isAllocated, otherHolder, subnetHas, subnetNamed } from '../../lb/kube-ovn/vips.ts'
import { parseAddress } from '../../net/address.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, unknown, warn, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'assignment/kube-ovn-vip',
  title: 'Kube-OVN gave the VIP its address',
  needs: [],
  alsoReads: [
    'kubernetes/pods',
    'kubernetes/vips',
    'kubernetes/switchlbrules',
    'kubernetes/ovnsubnets',
    'kubernetes/ovnips',
  ],
  about: ['kube-ovn'],
  blocks: true,
  run: (context) => {
    const { vip, rule } = context.question.kubeOvn
    if (vip !== null) return ofVip(context, vip)
    const name = rule.metadata?.name ?? ''
    const address = parseAddress(rule.spec?.vip)
    return [
      address === null
        ? fail(
            'rule-without-address',
            `switch-lb-rules/${name}`,
            said(
              'the rule has no address',
              `SwitchLBRule ${name} has no address in spec.vip, and Kube-OVN skips such a rule.`,
            ),
            [cite(rule, 'spec', 'vip')],
            {
              summary: 'give the rule an address (replace <address>)',
              commands: [
                sh`kubectl patch switch-lb-rule ${name} --type merge -p ${jsonWord({ spec: { vip: '<address>' } })}`,
              ],
              changes: 'OVN balances the address from then on; nothing else may have it.',
            },
          )
        : pass(
            'rule-has-vip',
            `switch-lb-rules/${name}`,
            said('the rule has the VIP', `SwitchLBRule ${name} has the VIP ${address.text}.`),
            [cite(rule, 'spec', 'vip')],
          ),
    ]
  },
  docs: {
    means:
      'A Vip of Kube-OVN reserves an address of a subnet. It has none: the subnet is not named, not there or not ready, the wanted address lies outside it or is taken (by the gateway, a pod, another Vip), the subnet is full, or the controller has not handled the Vip. Kube-OVN writes no event about a Vip; from 1.14 on it has no ready field either: it is ready when its status has an address and a MAC.',
    byHand:
      'kubectl get vip NAME -o yaml: status.v4ip and status.mac (up to 1.13: status.ready). kubectl get subnet NAME -o yaml, kubectl get ip | grep ADDRESS. kubectl -n kube-system logs deployment/kube-ovn-controller | grep NAME says AddressOutOfRange, AddressConflict or NoAvailableAddress.',
    mend: 'Subnet and address of a Vip cannot be changed once it is made: delete it and create it again with a subnet that is ready and a free address of its range. A static address may lie in the subnet’s excludeIps; that is the proper place for it.',
    sources: ['kube-ovn v1.16.2 pkg/controller/vip.go, pkg/apis/kubeovn/v1/vip.go'],
  },
})

function ofVip({ evidence }: Context, vip: OvnVip): readonly Draft[] {
  const name = vip.metadata?.name ?? ''
  const subject = `vips/${name}`
  const wrong = (brief: string, says: string, proof: readonly Proof[], fix: Remedy = look) => [
    fail('vip-without-address', subject, said(brief, `Vip ${name} ${says}.`), proof, fix),
  ]
  const look: Remedy = {
    look: [
      sh`kubectl get vip ${name} -o yaml`,
      sh`kubectl -n kube-system logs deployment/kube-ovn-controller | grep ${name}`,
    ],
    advice: 'Subnet and address of a Vip cannot be changed: delete it and create it again.',
  }
  const listed = evidence.kubernetes.ovnsubnets
  if (isGap(listed))
    return [
      unknown(
        'subnet-not-known',
        subject,
        said('its subnet is not known', `It is not known whether the subnet of Vip ${name} can give it an address.`),
        [listed],
      ),
    ]
  const wanted = vip.spec?.subnet ?? ''
  if (wanted === '')
    return wrong('its Vip names no subnet', 'names no subnet, so Kube-OVN gives it no address', [
      cite(vip, 'spec', 'subnet'),
    ])
  const subnet = subnetNamed(evidence, wanted)
  if (subnet === null)
    return wrong(
      'the subnet of its Vip does not exist',
      `wants an address of the subnet ${wanted}, which does not exist`,
      [cite(vip, 'spec', 'subnet'), citeList(kubernetesFile('ovnsubnets'), '/items', `none is named ${wanted}`)],
    )
  const at = subnet.status?.conditions?.findIndex(({ type }) => type === 'Ready') ?? -1
  const condition = subnet.status?.conditions?.[at]
  if (condition !== undefined && condition.status !== 'True')
    return wrong(
      'the subnet of its Vip is not ready',
      `wants an address of the subnet ${wanted}, which is not ready: ${condition.message ?? condition.reason ?? 'no reason is given'}`,
      [cite(subnet, 'status', 'conditions', at)],
      { look: [sh`kubectl describe subnet ${wanted}`] },
    )
  if (/[A-F]/.test(vip.spec?.v6ip ?? ''))
    return wrong(
      'its Vip has capitals in its IPv6 address',
      `asks for ${vip.spec?.v6ip ?? ''}: Kube-OVN takes IPv6 addresses in lower case only`,
      [cite(vip, 'spec', 'v6ip')],
    )
  for (const address of addressesOf(vip)) {
    const field = address.family === 4 ? 'v4ip' : 'v6ip'
    const place = cite(vip, isAllocated(vip) ? 'status' : 'spec', field)
    if (!subnetHas(subnet, address))
      return wrong(
        'outside the range of the subnet of its Vip',
        `asks for ${address.text}, outside the range ${subnet.spec?.cidrBlock ?? ''} of its subnet ${wanted}`,
        [place, cite(subnet, 'spec', 'cidrBlock')],
      )
    const holder = otherHolder(evidence, vip, subnet, address)
    if (holder !== null)
      return wrong('something else has the address', `has the address ${address.text}, which ${holder.says}`, [
        place,
        cite(holder.item, ...holder.keys),
      ])
  }
  if (!isAllocated(vip)) {
    if (subnet.status?.v4availableIPs === 0)
      return wrong(
        'the subnet of its Vip is full',
        `has no address because the subnet ${wanted} has none left`,
        [cite(subnet, 'status', 'v4availableIPs')],
        {
          look: [sh`kubectl get ip,vip | grep ${wanted}`],
          advice: 'Delete what no longer needs its address of the subnet, or make the Vip in another subnet.',
        },
      )
    return wrong(
      'Kube-OVN gave the Vip no address',
      'is not allocated: its status has no address with a MAC, and nothing in the evidence says why',
      [cite(vip, 'status')],
    )
  }
  if (vip.metadata?.deletionTimestamp !== undefined)
    return [
      warn(
        'being-deleted',
        subject,
        said(
          'its Vip is being deleted',
          `Vip ${name} is being deleted and stays until kube-ovn-controller lets go of it.`,
        ),
        [cite(vip, 'metadata', 'deletionTimestamp')],
        { fix: { look: look.look ?? [] } },
      ),
    ]
  const takers = (known(evidence.kubernetes.pods) ?? []).filter(
    ({ metadata, status }) =>
      metadata?.annotations?.['ovn.kubernetes.io/vip'] === name &&
      !['Succeeded', 'Failed'].includes(status?.phase ?? ''),
  )
  if (takers.length > 1)
    return [
      warn(
        'taken-by-annotation',
        subject,
        said(
          `${String(takers.length)} pods take one Vip`,
          `Vip ${name} is taken by ${inWords(takers.map((pod) => objectName(pod)))} with the annotation ovn.kubernetes.io/vip: it gives its address to one pod, and the others get none ("is in use by pod").`,
        ),
        takers.slice(0, 4).map((pod) => cite(pod, 'metadata', 'annotations')),
        {
          fix: {
            look: takers
              .slice(1, 4)
              .map(({ metadata }) => sh`kubectl -n ${metadata?.namespace ?? 'default'} describe pod ${metadata?.name}`),
            advice: 'Give each pod a Vip of its own, or share one with spec.selector and ovn.kubernetes.io/aaps.',
          },
        },
      ),
    ]
  const changed = (['v4ip', 'v6ip'] as const).find(
    (field) => (vip.spec?.[field] ?? '') !== '' && vip.spec?.[field] !== vip.status?.[field],
  )
  const [address] = addressesOf(vip)
  if (changed !== undefined)
    return [
      warn(
        'address-changed-later',
        subject,
        said(
          'its Vip asks for another address by now',
          `Vip ${name} keeps ${address?.text ?? ''}: ${vip.spec?.[changed] ?? ''} was put into its spec later, and Kube-OVN does not change the address of a Vip.`,
        ),
        [cite(vip, 'spec', changed), cite(vip, 'status', changed)],
        { fix: look },
      ),
    ]
  const excluded = known(listed) !== null && (subnet.spec?.excludeIps ?? []).includes(address?.text ?? '')
  return [
    pass(
      'has-address',
      subject,
      said(
        'its Vip has the address',
        `Vip ${name} has ${address?.text ?? ''} of the subnet ${wanted}${excluded ? ', one of its excludeIps' : ''}.`,
      ),
      [cite(vip, 'status')],
    ),
  ]
}
