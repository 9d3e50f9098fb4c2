import type { Evidence } from '../evidence/evidence.ts'
import { nodeNamesByAddress } from '../evidence/kubernetes/nodes-by-name.ts'
import { known } from '../evidence/gap.ts'
import type { Service } from '../evidence/kubernetes/kinds.ts'
import type { Question, ServiceQuestion } from '../evidence/question.ts'
import { claims } from '../lb/announcers.ts'
import { askedAddresses } from '../lb/asked-addresses.ts'
import { poolOf } from '../lb/metallb/pool-ranges.ts'
import { parseAddress, sameAddress, type Address } from '../net/address.ts'
import { boundAnywhere } from '../lb/kube-vip/bound.ts'
import { atNodePort, atVip, type Asked } from './service-questions.ts'

/** What the user names by its address, at a port or at none. */
interface Place {
  readonly address: Address
  readonly port: number | null
}

/** Where nobody says at which port: most VIPs answer there, and delivery, the first thing to know, hangs on no port. */
const defaultPort = 443

/** The NodePorts at an address that a node has, whoever put it there: at one port or, where none is named, all. */
export function nodePortsAt(evidence: Evidence, { address, port }: Place, asked: Asked): readonly ServiceQuestion[] {
  const ofNode = nodeNamesByAddress(evidence).has(address.text)
  if (!ofNode && (port === null || boundAnywhere(evidence, address).length === 0)) return []
  return (known(evidence.kubernetes.services) ?? [])
    .flatMap((service) => atNodePort(service, address, asked))
    .filter((question) => port === null || question.port.port === port)
}

/**
 * What is asked of an address that no Service, no kube-vip and nothing of Kube-OVN has as its VIP: about a Service that asks for it and did not get it, about those that another controller gave its own addresses where MetalLB
 * would have given one of a pool that holds this, else about the address alone.
 */
export function questionsOfAddress(evidence: Evidence, { address, port }: Place, asked: Asked): readonly Question[] {
  const pending = (known(evidence.kubernetes.services) ?? [])
    .filter(({ spec }) => spec?.type === 'LoadBalancer')
    .flatMap((service) => atVip(service, null, asked))
  const asking = pending.filter(({ service }) => asksFor(service, address))
  const pool = known(poolOf(evidence, address))
  const wanting = asking.length > 0 || pool === null ? asking : pending.filter((one) => isTaken(evidence, one))
  const atPort = wanting.filter((question) => port === null || question.port.port === port)
  if (atPort.length > 0) return atPort
  const protocol = 'tcp'
  return [
    {
      ...asked,
      about: 'address',
      vip: address,
      port: { protocol, port: port ?? defaultPort },
    },
  ]
}

/** Whether ServiceLB wrote addresses of nodes into the status of a Service that MetalLB would serve. */
function isTaken(evidence: Evidence, question: ServiceQuestion): boolean {
  const addresses = addressesOf(question.service)
  const own = claims(evidence, question).map(({ announcer }) => announcer.name)
  return (
    addresses.length > 0 &&
    addresses.every(({ text }) => nodeNamesByAddress(evidence).has(text)) &&
    own.includes('k3s ServiceLB') &&
    own.includes('MetalLB')
  )
}

const addressesOf = ({ status }: Service): readonly Address[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => parseAddress(ip) ?? [])

const asksFor = (service: Service, address: Address): boolean =>
  askedAddresses(service).some((asked) => sameAddress(asked.address, address))
