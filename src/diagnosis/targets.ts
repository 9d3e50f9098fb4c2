import { isGap, known, type Gap } from '../evidence/gap.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { objectName, type Service } from '../evidence/kubernetes/kinds.ts'
import { clientText, type ControlPlaneVip, type Question, type ServiceQuestion } from '../evidence/question.ts'
import { partOf } from '../evidence/part.ts'
import { UserError } from '../evidence/user-error.ts'
import { controlPlaneVips } from '../lb/control-plane.ts'
import { kubeVipPods } from '../lb/kube-vip/pods.ts'
import { endpointByName } from '../lb/kubeadm.ts'
import { kubeOvnName, kubeOvnQuestions } from '../lb/kube-ovn/vips.ts'
import { compareAddresses, parseAddress, sameAddress, type Address } from '../net/address.ts'
import { didYouMean } from '../net/nearest.ts'
import { inWords } from '../net/words.ts'
import { atEveryNode, atVip, type Asked } from './service-questions.ts'
import { nodePortsAt, questionsOfAddress } from './unnamed-address.ts'
import { familiesMeet, requireClient } from './client.ts'

/**
 * What the user asks about: a VIP, a VIP at one port, a Service by `NAMESPACE/NAME`, one by its name alone (`namespace` null: it must be
 * the only one), or whatever a namespace has.
 */
export type Target =
  | { readonly kind: 'vip'; readonly address: Address; readonly port: number | null; readonly text: string }
  | { readonly kind: 'service'; readonly namespace: string | null; readonly name: string; readonly text: string }
  | { readonly kind: 'namespace'; readonly namespace: string; readonly text: string }

/** As kubectl writes the kind of a Service before its name. */
const kinds = ['svc', 'service', 'services']

/** @throws UserError for a text that is none of these forms. */
export function parseTarget(text: string): Target {
  const address = parseAddress(text)
  if (address !== null) return { kind: 'vip', address, port: null, text }
  const withPort = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text)
  const host = parseAddress(withPort?.[1] ?? withPort?.[2])
  const port = Number(withPort?.[3])
  if (host !== null && port >= 1 && port <= 65535) return { kind: 'vip', address: host, port, text }
  if (host !== null) throw new UserError(`${text} has no valid port: ports are 1 to 65535.`)
  const parts = text.split('/')
  const [first = '', ...rest] = parts
  const names = kinds.includes(first) && rest.length > 0 ? rest : parts
  if (names.length <= 2 && names.every((name) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name))) {
    const [namespace, name] = names.length === 2 ? names : [null, ...names]
    return { kind: 'service', namespace: namespace ?? null, name: name ?? '', text }
  }
  throw new UserError(
    `${JSON.stringify(text)} is neither an address, nor ADDRESS:PORT, nor NAMESPACE/SERVICE.`,
    'For example: 10.240.0.100, 10.240.0.100:443, [fd00::100]:80, default/nginx-lb, nginx-lb.',
  )
}

/**
 * The targets of one namespace: names without one get it; without targets all that it has.
 *
 * @throws UserError where a target names another namespace, or is an address, which has none.
 */
export function inNamespace(targets: readonly Target[], namespace: string | undefined): readonly Target[] {
  if (namespace === undefined) return targets
  if (targets.length === 0) return [{ kind: 'namespace', namespace, text: `--namespace ${namespace}` }]
  return targets.map((target) => {
    if (target.kind === 'service' && [null, namespace].includes(target.namespace)) return { ...target, namespace }
    throw new UserError(
      `--namespace ${namespace} is about names of Services, and ${target.text} is ${target.kind === 'vip' ? 'an address' : 'in another namespace'}.`,
      'Leave one of the two out.',
    )
  })
}

/** What to judge: the questions, and the gaps that may hide others. */
export interface Questions {
  readonly questions: readonly Question[]
  readonly gaps: readonly Gap[]
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
  const gaps = [services, partOf(services), kubeVipPods(evidence)].filter(isGap)
  requireClient(evidence, asked.client)
  const all = everyQuestion(evidence, asked)
  const answered = targets.map((target) => ({ target, asks: questionsOf(evidence, target, all, asked) }))
  for (const { target, asks } of answered) requireOne(target, asks)
  const wanted = targets.length === 0 ? all : distinct(answered.flatMap(({ asks }) => asks))
  const questions = wanted.filter(familiesMeet)
  if (gaps.length === 0) {
    if (all.length === 0 && targets.length === 0)
      throw new UserError(
        'The evidence shows no VIP: no Service of type LoadBalancer or with externalIPs, no kube-vip with an address for the control plane, no Vip or SwitchLBRule of Kube-OVN.',
        endpointByName(evidence)?.reason.replace(/^k/, 'K'),
      )
    for (const { target, asks } of answered) if (asks.length === 0) throw noSuch(target, evidence, all)
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
    ...(known(evidence.kubernetes.services) ?? []).flatMap((service) => serviceQuestions(service, asked)),
    ...controlPlaneVips(evidence).map((vip) => controlPlaneQuestion(vip, asked)),
    ...kubeOvnQuestions(evidence, asked),
  ].sort(compareQuestions)
}

/** The addresses of a Service that clients use: those that it was given, one that it waits for, and those that it names itself. */
function serviceQuestions(service: Service, asked: Asked): readonly ServiceQuestion[] {
  const { spec, status } = service
  const given = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => parseAddress(ip) ?? [])
  const external = (spec?.externalIPs ?? []).flatMap((text) => parseAddress(text) ?? [])
  const vips = [
    ...(spec?.type !== 'LoadBalancer' ? [] : given.length === 0 ? [null] : given),
    ...external.filter((one) => !given.some((other) => sameAddress(one, other))),
  ]
  return vips.flatMap((vip) => atVip(service, vip, asked))
}

/** What one target asks: a VIP of the evidence; else a Service's NodePort, or an address that nothing names. */
function questionsOf(evidence: Evidence, target: Target, all: readonly Question[], asked: Asked): readonly Question[] {
  const named = all.filter((question) => asksFor(target, question))
  if (named.length > 0 || target.kind === 'namespace') return named
  if (target.kind === 'service')
    return servicesNamed(evidence, target).flatMap((service) => atEveryNode(evidence, service, asked))
  const atNodes = nodePortsAt(evidence, target, asked)
  return atNodes.length > 0 || isVip(target, all) ? atNodes : questionsOfAddress(evidence, target, asked)
}

/** Each question once, whichever targets ask it, sorted. */
function distinct(questions: readonly Question[]): readonly Question[] {
  const key = (question: Question): string =>
    JSON.stringify([questionName(question), question.vip?.text, question.port, question.about])
  return [...new Map(questions.map((question) => [key(question), question])).values()].sort(compareQuestions)
}

const servicesNamed = (
  { kubernetes }: Evidence,
  { namespace, name }: Extract<Target, { kind: 'service' }>,
): readonly Service[] =>
  (known(kubernetes.services) ?? []).filter(
    ({ metadata }) => metadata?.name === name && [null, metadata.namespace].includes(namespace),
  )

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

/** Whether some VIP of the evidence is the target's address. */
const isVip = (target: Extract<Target, { kind: 'vip' }>, all: readonly Question[]): boolean =>
  all.some(({ vip }) => sameAddress(target.address, vip))

/** @throws UserError where a name without its namespace is that of several. */
function requireOne(target: Target, asks: readonly Question[]): void {
  if (target.kind !== 'service' || target.namespace !== null) return
  const names = [...new Set(asks.map(questionName))]
  if (names.length > 1)
    throw new UserError(
      `There are ${String(names.length)} Services ${target.name}: ${inWords(names)}.`,
      'Say which by its namespace: NAMESPACE/NAME, or --namespace.',
    )
}

function asksFor(target: Target, question: Question): boolean {
  const [namespace, name] = questionName(question).split('/')
  if (target.kind === 'namespace') return namespace === target.namespace
  if (target.kind === 'service') return name === target.name && [null, namespace].includes(target.namespace)
  if (!sameAddress(target.address, question.vip)) return false
  // A Vip of Kube-OVN has no ports of its own: whatever its pods listen on.
  const portless = question.about === 'kube-ovn' && question.kubeOvn.vip !== null
  return target.port === null || target.port === question.port.port || portless
}

function noSuch(target: Target, evidence: Evidence, all: readonly Question[]): UserError {
  const vips = [...new Set(all.flatMap(({ vip }) => vip?.text ?? []))]
  const suggestion = vips.length === 0 ? null : `The VIPs in the evidence are ${inWords(vips, 12)}.`
  if (target.kind === 'namespace')
    return new UserError(
      `Namespace ${target.namespace} has no VIP.`,
      didYouMean(
        target.namespace,
        all.map((question) => questionName(question).split('/')[0] ?? ''),
      ) ?? suggestion,
    )
  if (target.kind === 'service') {
    const services = known(evidence.kubernetes.services) ?? []
    const [service] = servicesNamed(evidence, target)
    const asked = target.namespace === null ? target.name : `${target.namespace}/${target.name}`
    if (service === undefined)
      return new UserError(`There is no Service ${asked}.`, didYouMean(asked, services.map(objectName)) ?? suggestion)
    const { namespace = 'default', name = '' } = service.metadata ?? {}
    const [at] = (service.spec?.ports ?? []).flatMap(({ nodePort = 0 }) => (nodePort === 0 ? [] : [nodePort]))
    if (at !== undefined)
      return new UserError(
        `Service ${objectName(service)} has type ${service.spec?.type ?? ''}: clients connect to nodes, and no address of a node is known.`,
        `Name one: ADDRESS:${String(at)}.`,
      )
    return new UserError(
      `Service ${objectName(service)} has type ${service.spec?.type ?? 'ClusterIP'}, so it has no VIP; only type LoadBalancer does.`,
      [
        ...(service.spec?.clusterIP === 'None' ? ['It is headless besides, and gets one only with a ClusterIP.'] : []),
        `To give it one: kubectl -n ${namespace} patch service ${name} -p '{"spec":{"type":"LoadBalancer"}}'.`,
        ...(suggestion === null ? [] : [suggestion]),
      ].join(' '),
    )
  }
  const ports = all.filter(({ vip }) => sameAddress(vip, target.address)).map(({ port }) => port.port)
  return new UserError(
    `${target.address.text} is a VIP, but not at port ${String(target.port)}.`,
    `Its ports are ${ports.join(', ')}.`,
  )
}
