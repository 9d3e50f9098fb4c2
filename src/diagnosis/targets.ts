import { isGap, known, type Gap } from '../evidence/gap.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { objectName, type Service } from '../evidence/kubernetes/kinds.ts'
import {
  type Client,
  clientText,
  type ControlPlaneVip,
  type FabricName,
  type Question,
  type ServiceQuestion,
} from '../evidence/question.ts'
import { partOf } from '../evidence/part.ts'
import { UserError } from '../evidence/user-error.ts'
import { controlPlaneVips } from '../lb/control-plane.ts'
import { kubeOvnName, kubeOvnQuestions } from '../lb/kube-ovn/vips.ts'
import { compareAddresses, parseAddress, sameAddress, type Address } from '../net/address.ts'
import { protocolOf } from '../net/port.ts'
import { inWords } from '../net/words.ts'
import { questionsOfAddress } from './unnamed-address.ts'
import { familiesMeet, requireClient } from './client.ts'

/** What the user asks about: a VIP, a VIP at one port, or a Service. */
export type Target =
  | { readonly kind: 'vip'; readonly address: Address; readonly port: number | null; readonly text: string }
  | { readonly kind: 'service'; readonly name: string; readonly text: string }

/** @throws UserError for a text that is none of the three forms. */
export function parseTarget(text: string): Target {
  const address = parseAddress(text)
  if (address !== null) return { kind: 'vip', address, port: null, text }
  const withPort = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text)
  const host = parseAddress(withPort?.[1] ?? withPort?.[2])
  const port = Number(withPort?.[3])
  if (host !== null && port >= 1 && port <= 65535) return { kind: 'vip', address: host, port, text }
  if (host !== null) throw new UserError(`${text} has no valid port: ports are 1 to 65535.`)
  const name = '[a-z0-9]([a-z0-9-]*[a-z0-9])?'
  if (new RegExp(`^${name}/${name}$`).test(text)) return { kind: 'service', name: text, text }
  throw new UserError(
    `${JSON.stringify(text)} is neither an address, nor ADDRESS:PORT, nor NAMESPACE/SERVICE.`,
    'For example: 10.240.0.100, 10.240.0.100:443, [fd00::100]:80, default/nginx-lb.',
  )
}

/** What to judge: the questions, and the gaps that may hide others. */
export interface Questions {
  readonly questions: readonly Question[]
  readonly gaps: readonly Gap[]
}

/** What every question of one run shares. */
export interface Asked {
  readonly client: Client
  readonly fabric: FabricName
  readonly vpcId: string | null
}

/**
 * The questions behind the targets; without a target, every LoadBalancer Service and every control-plane VIP that the evidence shows.
 *
 * VIPs of another family than the client's address are left out.
 *
 * @throws UserError for a target or a client that nothing in the evidence has, where there is no VIP at all, and where no VIP is of the
 * client's family.
 */
export function questionsFor(evidence: Evidence, targets: readonly Target[], asked: Asked): Questions {
  const { services } = evidence.kubernetes
  const gaps = [services, partOf(services), controlPlaneVips(evidence)].filter(isGap)
  requireClient(evidence, asked.client)
  const all = everyQuestion(evidence, asked)
  const wanted =
    targets.length === 0
      ? all
      : [
          ...all.filter((question) => targets.some((target) => asksFor(target, question))),
          ...targets.flatMap((target) => (isNamed(target, all) ? [] : questionsOfAddress(evidence, target, asked))),
        ]
  const questions = wanted.filter(familiesMeet)
  if (gaps.length === 0) {
    if (all.length === 0 && wanted.length === 0)
      throw new UserError(
        'The evidence shows no VIP: no Service of type LoadBalancer, no kube-vip with an address for the control plane, no Vip or SwitchLBRule of Kube-OVN.',
      )
    for (const target of targets)
      if (target.kind === 'service' || isNamed(target, all))
        if (!all.some((question) => asksFor(target, question))) throw noSuch(target, evidence, all)
  }
  if (questions.length === 0 && wanted.length > 0)
    throw new UserError(
      `No packet goes from ${clientText(asked.client)} to ${inWords([...new Set(wanted.flatMap(({ vip }) => vip?.text ?? []))])}: one is IPv4, the other IPv6.`,
    )
  return { questions, gaps }
}

/** Every VIP and port that the evidence shows, sorted. */
export function everyQuestion(evidence: Evidence, asked: Asked): readonly Question[] {
  return [
    ...(known(evidence.kubernetes.services) ?? [])
      .filter(isLoadBalancer)
      .flatMap((service) => serviceQuestions(service, asked)),
    ...(known(controlPlaneVips(evidence)) ?? []).map((vip) => controlPlaneQuestion(vip, asked)),
    ...kubeOvnQuestions(evidence, asked),
  ].sort(compareQuestions)
}

const isLoadBalancer = (service: Service): boolean => service.spec?.type === 'LoadBalancer'

function serviceQuestions(service: Service, asked: Asked): ServiceQuestion[] {
  const addresses = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => parseAddress(ip) ?? [])
  return (addresses.length === 0 ? [null] : addresses).flatMap((vip) =>
    (service.spec?.ports ?? []).flatMap((servicePort): ServiceQuestion[] => {
      const protocol = protocolOf(servicePort.protocol)
      if (protocol === null || servicePort.port === undefined) return []
      return [{ ...asked, about: 'service', vip, port: { protocol, port: servicePort.port }, service, servicePort }]
    }),
  )
}

function controlPlaneQuestion(controlPlane: ControlPlaneVip, asked: Asked): Question {
  const { address, port } = controlPlane
  return { ...asked, about: 'control-plane', vip: address, port: { protocol: 'tcp', port }, controlPlane }
}

/** The name of the object under which a diagnosis stands: its Service or Kube-OVN's object; empty where there is none. */
export function questionName(question: Question): string {
  if (question.about === 'service') return objectName(question.service)
  return question.about === 'kube-ovn' ? kubeOvnName(question.kubeOvn) : ''
}

function compareQuestions(one: Question, other: Question): number {
  const names = [questionName(one), questionName(other)] as const
  if (names[0] !== names[1]) return names[0] < names[1] ? -1 : 1
  if (one.vip !== null && other.vip !== null) {
    const addresses = compareAddresses(one.vip, other.vip)
    if (addresses !== 0) return addresses
  }
  return one.port.port - other.port.port || (one.port.protocol < other.port.protocol ? -1 : 1)
}

/** Whether some VIP of the evidence is the target's address; a Service is asked for by its own name. */
const isNamed = (target: Target, all: readonly Question[]): target is Extract<Target, { kind: 'service' }> =>
  target.kind === 'service' || all.some(({ vip }) => sameAddress(target.address, vip))

function asksFor(target: Target, question: Question): boolean {
  if (target.kind === 'service') return questionName(question) === target.name
  if (!sameAddress(target.address, question.vip)) return false
  // A Vip of Kube-OVN has no ports of its own: whatever its pods listen on.
  const portless = question.about === 'kube-ovn' && question.kubeOvn.vip !== null
  return target.port === null || target.port === question.port.port || portless
}

function noSuch(target: Target, evidence: Evidence, all: readonly Question[]): UserError {
  const vips = [...new Set(all.flatMap(({ vip }) => vip?.text ?? []))]
  const suggestion = vips.length === 0 ? null : `The VIPs in the evidence are ${inWords(vips, 12)}.`
  if (target.kind === 'service') {
    const service = (known(evidence.kubernetes.services) ?? []).find((one) => objectName(one) === target.name)
    if (service === undefined) return new UserError(`There is no Service ${target.name}.`, suggestion)
    const { namespace = 'default', name = '' } = service.metadata ?? {}
    return new UserError(
      `Service ${target.name} has type ${service.spec?.type ?? 'ClusterIP'}, so it has no VIP; only type LoadBalancer does.`,
      [
        ...(service.spec?.clusterIP === 'None' ? ['It is headless besides, and gets one only with a ClusterIP.'] : []),
        `To give it one: kubectl -n ${namespace} patch service ${name} -p '{"spec":{"type":"LoadBalancer"}}'.`,
        ...(suggestion === null ? [] : [suggestion]),
      ].join(' '),
    )
  }
  const ports = all.filter(({ vip }) => sameAddress(vip, target.address)).map(({ port }) => port.port)
  if (ports.length > 0)
    return new UserError(
      `${target.address.text} is a VIP, but not at port ${String(target.port)}.`,
      `Its ports are ${ports.join(', ')}.`,
    )
  return new UserError(
    `${target.address.text} is the VIP of no Service, of no kube-vip and of nothing in Kube-OVN.`,
    suggestion,
  )
}
