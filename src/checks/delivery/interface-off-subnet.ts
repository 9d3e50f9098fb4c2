import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import { nodesByName } from '../../evidence/kubernetes/nodes-by-name.ts'
import type { ServiceQuestion } from '../../evidence/question.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { allows, l2AdvertisementsFor } from '../../lb/metallb/advertisements.ts'
import { excludedBy, excludedInterfaces, excludesKey } from '../../lb/metallb/excludes.ts'
import { metallbPods } from '../../lb/metallb/install.ts'
import { observedByMetallb } from '../../lb/metallb/observed.ts'
import type { Address } from '../../net/address.ts'
import { inWords } from '../../net/words.ts'
import { rangeHas } from '../../net/range.ts'
import { networksOfNode, type NodeNetwork } from '../../node/networks.ts'
import { announcedByArp } from '../about/announced.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'delivery/interface-off-subnet',
  after: 'delivery/vip-aligned-with-subnet',
  title: 'The interfaces that an L2Advertisement names can announce the VIP',
  needs: ['node/ip-addr', 'kubernetes/l2advertisements', 'kubernetes/nodes', 'kubernetes/ipaddresspools'],
  alsoReads: [
    'node/ip-link',
    'kubernetes/configmaps',
    'kubernetes/pods',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'kubernetes/servicel2statuses',
  ],
  on: ['announcement'],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: announcedByArp,
  blocks: true,
  each: 'receiving',
  consequenceOf: ['delivery/vip-aligned-with-subnet'],
  run: ({ evidence, question, node }): readonly Draft[] => {
    const { vip } = question
    const subject = `node/${node}`
    const own = nodesByName(evidence).get(node)
    const advertisements = l2AdvertisementsFor(evidence, question)
    const networks = networksOfNode(evidence, node)
    if (own === undefined || isGap(advertisements) || isGap(networks))
      return [
        unknown(
          'interfaces-not-known',
          subject,
          said(
            'by which interface it is announced is unknown',
            `It is not known by which interface ${node} announces.`,
          ),
          [advertisements, networks].filter(isGap),
        ),
      ]
    const valid = advertisements.filter((one) => allows(one, own))
    // One advertisement without a list lets every interface announce.
    if (valid.length === 0 || valid.some(({ spec }) => (spec?.interfaces ?? []).length === 0))
      return [
        excluded(evidence, node, vip, networks) ??
          skipped('all-interfaces', subject, `${node} announces by all its interfaces.`),
      ]
    const names = [...new Set(valid.flatMap(({ spec }) => spec?.interfaces ?? []))]
    const proof = valid.map((one) => cite(one, 'spec', 'interfaces'))
    const links = known(evidence.node(node).ipLink) ?? known(evidence.node(node).ipAddr) ?? []
    const fix: Remedy = {
      look: [sh`ssh ${node} sudo ip -br link`],
      summary: 'let every interface announce',
      commands: valid.map(
        ({ metadata }) =>
          sh`kubectl -n ${metadata?.namespace ?? 'metallb-system'} patch l2advertisement ${metadata?.name} --type merge -p ${jsonWord({ spec: { interfaces: null } })}`,
      ),
      changes: `Holds for all VIPs of its pools. Or name in spec.interfaces of ${inWords(valid.map((one) => objectName(one)))} an interface that every selected node has in the VIP's subnet.`,
    }
    const faults = names.map((name) => ({ name, fault: whyDumb(links, name) }))
    const speaking = faults.filter(({ fault }) => fault === null).map(({ name }) => name)
    if (speaking.length === 0) {
      const usable = networks.filter(({ cidr, device }) => rangeHas(cidr, vip) && whyDumb(links, device) === null)
      const held = heldFromBefore(
        evidence,
        question,
        node,
        usable.map(({ device }) => device),
      )
      const told = inWords(faults.map(({ name, fault }) => `${name} ${fault ?? ''}`))
      if (isGap(held))
        return [
          unknown(
            'as-before-not-known',
            subject,
            said(
              'whether it announces as before is unknown',
              `${node} is told no interface by which it can announce ${vip.text}: ${told}. A speaker that announced it before goes on as it was told then; whether this one does is not known.`,
            ),
            [held],
            proof,
          ),
        ]
      if (held !== null)
        return [
          warn(
            'as-before',
            subject,
            said(
              'announced as it was told before',
              `${node} announces ${vip.text} as it was told before; what it is told now it cannot use: ${told}. When its speaker starts anew, nobody announces the VIP.`,
            ),
            [held, ...proof],
            { fix, blocks: false },
          ),
        ]
      return [
        fail(
          'no-interface',
          subject,
          said(
            'its announcer has no interface to announce by',
            `${node} announces ${vip.text} by no interface: ${told}. MetalLB elects a node without regard to its interfaces and tries no other.`,
          ),
          proof,
          fix,
        ),
      ]
    }
    const inSubnet = networks.filter(({ cidr }) => rangeHas(cidr, vip))
    if (inSubnet.length === 0)
      return [
        skipped(
          'no-network-with-vip',
          subject,
          `${node} is in no network with ${vip.text}; delivery/vip-aligned-with-subnet speaks of that.`,
        ),
      ]
    if (inSubnet.some(({ device }) => speaking.includes(device)))
      return [
        pass(
          'in-subnet',
          subject,
          said(
            'announced by an interface in its subnet',
            `${node} announces ${vip.text} by ${inWords(speaking)}, which is in its subnet.`,
          ),
          proof,
        ),
      ]
    return [
      fail(
        'other-interface',
        subject,
        said(
          'announced by an interface outside its subnet',
          `${node} announces ${vip.text} by ${inWords(speaking)} only, but the subnet of ${vip.text} is at ${inWords(inSubnet.map(({ device }) => device))}: hosts that look for it there get no answer.`,
        ),
        [...proof, ...inSubnet.flatMap((one) => one.proof)],
        fix,
      ),
    ]
  },
  docs: {
    means:
      'An L2Advertisement with spec.interfaces is announced by those interfaces only. The list does not steer the election: the elected node may lack the interface (then an event announceFailed says so, and a speaker that announced the VIP before goes on as it was told before until it starts anew), or have it down, without ARP, or as a port of a bridge or bond, where MetalLB opens no responder and says nothing. Or the interface is in another subnet than the VIP. Without a list every interface announces but those that ConfigMap metallb-excludel2 excludes.',
    byHand:
      'kubectl get l2advertisements -A -o yaml | grep -A3 interfaces; kubectl -n metallb-system get configmap metallb-excludel2 -o yaml; ip -br addr on the announcing node.',
    mend: 'Name the interface (for a port of a bridge: the bridge) that has the VIP’s subnet on every node that may be elected, pair the list with nodeSelectors, or leave it out.',
    sources: ['MetalLB v0.16.1 internal/layer2/announcer.go (interfaceScan), speaker/layer2_controller.go'],
  },
})

/**
 * The proof that the node's speaker still announces the VIP by one of `devices`, as an advertisement said before: one that is told
 * an interface that is not there keeps what it has (speaker/layer2_controller.go, SetBalancer). Null where it announces nothing.
 */
function heldFromBefore(
  evidence: Evidence,
  { service }: ServiceQuestion,
  node: string,
  devices: readonly string[],
): Known<Proof | null> {
  if (devices.length === 0) return null
  const observed = observedByMetallb(evidence, service)
  if (isGap(observed)) return observed
  const own = observed.find((one) => one.node === node)
  const by = own?.interfaces ?? null
  if (own === undefined || by === null) return null
  return by.length === 0 || devices.some((device) => by.includes(device)) ? own.proof : null
}

/** The node's interfaces in the VIP's subnet are all among those by which MetalLB is told to announce nothing; null where one is not. */
function excluded(evidence: Evidence, node: string, vip: Address, networks: readonly NodeNetwork[]): Draft | null {
  const excludes = excludedInterfaces(evidence)
  const devices = [...new Set(networks.flatMap(({ cidr, device }) => (rangeHas(cidr, vip) ? [device] : [])))]
  if (excludes === null || devices.length === 0) return null
  const by = devices.flatMap((device) => excludedBy(excludes, device) ?? [])
  if (by.length < devices.length) return null
  const { namespace = 'metallb-system', name } = excludes.configMap.metadata ?? {}
  const speakers =
    (known(metallbPods(evidence, 'speaker')) ?? []).flatMap(({ metadata }) =>
      (metadata?.ownerReferences ?? []).flatMap((owner) => (owner.kind === 'DaemonSet' ? (owner.name ?? []) : [])),
    )[0] ?? 'speaker'
  const left = excludes.patterns.filter(
    (pattern) => !devices.some((device) => excludedBy({ ...excludes, patterns: [pattern] }, device) !== null),
  )
  const text = ['announcedInterfacesToExclude:', ...left.map((pattern) => `- ${JSON.stringify(pattern)}`), ''].join(
    '\n',
  )
  return fail(
    'interface-excluded',
    `node/${node}`,
    said(
      'MetalLB excludes its interface',
      `${node} announces ${vip.text} by no interface: ${inWords(devices)}, in whose subnet it is, ${devices.length === 1 ? 'is' : 'are'} excluded by ${inWords([...new Set(by)])} in ConfigMap ${objectName(excludes.configMap)}.`,
    ),
    [excludes.proof],
    {
      look: [sh`kubectl -n ${namespace} get configmap ${name} -o yaml`],
      summary: 'let MetalLB announce by it again',
      commands: [
        sh`kubectl -n ${namespace} patch configmap ${name} --type merge -p ${jsonWord({ data: { [excludesKey]: text } })}`,
        sh`kubectl -n ${namespace} rollout restart daemonset ${speakers}`,
      ],
      changes:
        'Holds for every VIP; speakers read the list when they start. Narrow the pattern instead where it is meant for others.',
    },
  )
}

interface Link {
  readonly ifname?: string | undefined
  readonly flags?: readonly string[] | undefined
  readonly master?: string | undefined
}

/** Why MetalLB opens no responder on an interface, as the rest of a sentence; null where it does (internal/layer2/announcer.go). */
function whyDumb(links: readonly Link[], name: string): string | null {
  const link = links.find(({ ifname }) => ifname === name)
  if (link === undefined) return 'does not exist there'
  const flags = link.flags ?? []
  if (!flags.includes('UP')) return 'is down'
  if (flags.includes('NOARP')) return 'does without ARP'
  if (!flags.includes('BROADCAST')) return 'has no broadcast'
  return link.master === undefined ? null : `is a port of ${link.master}`
}
