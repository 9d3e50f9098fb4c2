import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { KubernetesObject, OvnSubnet, OvnVip, Pod } from '../../evidence/kubernetes/kinds.ts'
import type { KubeOvnQuestion, KubeOvnVip } from '../../evidence/question.ts'
import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import { protocolOf } from '../../net/port.ts'
import { parseCidr, rangeHas } from '../../net/range.ts'

type Asked = Pick<KubeOvnQuestion, 'client' | 'fabric' | 'vpcId'>

/** `vips/NAME` or `switch-lb-rules/NAME`, as kubectl writes them. */
export const kubeOvnName = ({ vip, rule }: KubeOvnVip): string =>
  vip === null ? `switch-lb-rules/${rule.metadata?.name ?? ''}` : `vips/${vip.metadata?.name ?? ''}`

/**
 * One question for each port of each SwitchLBRule, and one for each Vip that pods share. A Vip has no ports: the one asked about is what its
 * pods declare first, else 80. A Vip of type `switch_lb_vip` only gives its address to rules and is judged with them.
 */
export function kubeOvnQuestions(evidence: Evidence, asked: Asked): readonly KubeOvnQuestion[] {
  const about = 'kube-ovn' as const
  const rules = (known(evidence.kubernetes.switchlbrules) ?? []).flatMap((rule) =>
    (rule.spec?.ports ?? []).flatMap(({ port, protocol }) => {
      const of = protocolOf(protocol ?? 'TCP')
      return port === undefined || of === null
        ? []
        : [
            {
              ...asked,
              about,
              vip: parseAddress(rule.spec?.vip),
              port: { protocol: of, port },
              kubeOvn: { vip: null, rule },
            },
          ]
    }),
  )
  const vips = (known(evidence.kubernetes.vips) ?? [])
    .filter((vip) => (vip.spec?.type ?? '') === '')
    .map((vip) => {
      const declared = parentsOf(evidence, vip).flatMap(({ spec }) => spec?.containers ?? [])
      const port = declared.flatMap(({ ports = [] }) => ports)[0]?.containerPort ?? 80
      const [address = null] = addressesOf(vip)
      return { ...asked, about, vip: address, port: { protocol: 'tcp' as const, port }, kubeOvn: { vip, rule: null } }
    })
  return [...rules, ...vips]
}

/** The addresses that a Vip has, or asks for while it has none. */
export const addressesOf = ({ spec, status }: OvnVip): readonly Address[] => {
  const given = [status?.v4ip, status?.v6ip].flatMap((text) => parseAddress(text) ?? [])
  return given.length > 0 ? given : [spec?.v4ip, spec?.v6ip].flatMap((text) => parseAddress(text) ?? [])
}

/** Whether Kube-OVN gave a Vip its address: up to 1.13 `status.ready` says so, since then an address and a MAC in the status. */
export const isAllocated = ({ status }: OvnVip): boolean =>
  status?.ready ?? ((status?.v4ip ?? status?.v6ip ?? '') !== '' && (status?.mac ?? '') !== '')

/** A subnet by name; null for none. */
export const subnetNamed = ({ kubernetes: { ovnsubnets } }: Evidence, name: string): OvnSubnet | null =>
  known(ovnsubnets)?.find(({ metadata }) => metadata?.name === name) ?? null

/** Whether a subnet's range holds an address; two stacks are written with a comma between. */
export const subnetHas = ({ spec }: OvnSubnet, address: Address): boolean =>
  (spec?.cidrBlock ?? '').split(',').some((text) => {
    const cidr = parseCidr(text.trim())
    return cidr !== null && rangeHas(cidr, address)
  })

/** The subnet of a VIP: its Vip's, else the one whose range holds it. Null where none does. */
export function subnetOf(evidence: Evidence, { vip: address, kubeOvn }: KubeOvnQuestion): OvnSubnet | null {
  if (kubeOvn.vip !== null) return subnetNamed(evidence, kubeOvn.vip.spec?.subnet ?? '')
  return address === null
    ? null
    : (known(evidence.kubernetes.ovnsubnets)?.find((subnet) => subnetHas(subnet, address)) ?? null)
}

/** Frames of such a subnet leave the nodes untagged or in a VLAN; those of the others stay in OVN's tunnels. */
export const isUnderlay = ({ spec }: OvnSubnet): boolean => (spec?.vlan ?? '') !== ''

/** The Vip of type `switch_lb_vip` that has an address. */
export const switchLbVip = ({ kubernetes: { vips } }: Evidence, address: Address): OvnVip | null =>
  (known(vips) ?? []).find(
    (vip) => vip.spec?.type === 'switch_lb_vip' && addressesOf(vip).some((one) => sameAddress(one, address)),
  ) ?? null

/** The subnet that a pod is attached to, by the annotation that Kube-OVN writes; null for a pod of another network. */
export const subnetNameOf = ({ metadata }: Pod): string | null =>
  metadata?.annotations?.['ovn.kubernetes.io/logical_switch'] ?? null

/** The four rules by which a pod becomes a parent of a Vip's virtual port (kube-ovn pkg/controller/vip.go), in the order in which they are told. */
export const parentRules = [
  {
    says: ({ spec }: OvnVip) => `is in the namespace ${spec?.namespace ?? ''}`,
    holds: ({ metadata }: Pod, { spec }: OvnVip) => metadata?.namespace === spec?.namespace,
  },
  {
    says: ({ spec }: OvnVip) => `has the labels ${(spec?.selector ?? []).join(', ')}`,
    holds: (pod: Pod, { spec }: OvnVip) => matches(spec?.selector ?? [], pod),
  },
  {
    says: ({ metadata }: OvnVip) => `names ${metadata?.name ?? ''} in its annotation ovn.kubernetes.io/aaps`,
    holds: ({ metadata }: Pod, vip: OvnVip) =>
      (metadata?.annotations?.['ovn.kubernetes.io/aaps'] ?? '')
        .split(',')
        .some((name) => name.trim() === vip.metadata?.name),
  },
  {
    says: ({ spec }: OvnVip) => `is attached to the subnet ${spec?.subnet ?? ''}`,
    holds: (pod: Pod, { spec }: OvnVip) => subnetNameOf(pod) === spec?.subnet,
  },
] as const

/** Whether a pod has every label of a selector of texts, `key: value`. */
export const matches = (selector: readonly string[], { metadata }: Pod): boolean =>
  selector.every((text) => {
    const [key = '', value = ''] = text.split(/:(.*)/s).map((part) => part.trim())
    return metadata?.labels?.[key] === value
  })

/** The pods behind a Vip: the parents of its virtual port, and a pod that took its address by the annotation `ovn.kubernetes.io/vip`. */
export function parentsOf({ kubernetes: { pods } }: Evidence, vip: OvnVip): readonly Pod[] {
  const name = vip.metadata?.name ?? ''
  return (known(pods) ?? []).filter(
    (pod) =>
      pod.metadata?.annotations?.['ovn.kubernetes.io/vip'] === name ||
      ((vip.spec?.namespace ?? '') !== '' && parentRules.every(({ holds }) => holds(pod, vip))),
  )
}

type Ip = KubernetesObject<'ovnips'>

/** Who else has an address of Kube-OVN: the gateway, a pod, another Vip. Null for nobody. */
export function otherHolder(
  { kubernetes: { ovnips, vips } }: Evidence,
  vip: OvnVip,
  subnet: OvnSubnet,
  address: Address,
): { readonly says: string; readonly item: OvnSubnet | Ip | OvnVip; readonly keys: readonly string[] } | null {
  const same = (text: string | undefined) => sameAddress(parseAddress(text), address)
  if ((subnet.spec?.gateway ?? '').split(',').some((text) => same(text.trim())))
    return { says: `is the gateway of subnet ${subnet.metadata?.name ?? ''}`, item: subnet, keys: ['spec', 'gateway'] }
  const own = vip.metadata?.name ?? ''
  const ip = (known(ovnips) ?? []).find(
    ({ metadata, spec }) =>
      (same(spec?.v4IpAddress) || same(spec?.v6IpAddress)) && metadata?.name !== own && spec?.podName !== own,
  )
  if (ip !== undefined)
    return {
      says: `belongs to the pod ${ip.spec?.namespace ?? ''}/${ip.spec?.podName ?? ''}`,
      item: ip,
      keys: ['spec', same(ip.spec?.v4IpAddress) ? 'v4IpAddress' : 'v6IpAddress'],
    }
  const other = (known(vips) ?? []).find(
    (one) => one.metadata?.name !== own && [one.status?.v4ip, one.status?.v6ip].some(same),
  )
  return other === undefined
    ? null
    : { says: `belongs to the Vip ${other.metadata?.name ?? ''}`, item: other, keys: ['status'] }
}
