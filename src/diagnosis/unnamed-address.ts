import type { Evidence } from '../evidence/evidence.ts'
import { nodeNamesByAddress } from '../evidence/kubernetes/nodes-by-name.ts'
import { known } from '../evidence/gap.ts'
import type { Service, ServicePort } from '../evidence/kubernetes/kinds.ts'
import type { Question, ServiceQuestion } from '../evidence/question.ts'
import { claims } from '../lb/announcers.ts'
import { poolOf } from '../lb/metallb/pool-ranges.ts'
import { requestOf } from '../lb/metallb/pools.ts'
import { parseAddress, sameAddress, type Address } from '../net/address.ts'
import { protocolOf } from '../net/port.ts'

type Shared = Pick<Question, 'client' | 'fabric' | 'vpcId'>

/** Where nobody says at which port: most VIPs answer there, and delivery, the first thing to know, hangs on no port. */
const defaultPort = 443

/**
 * What is asked of an address that no Service, no kube-vip and nothing of Kube-OVN has as its VIP: about a Service that names it among its
 * `externalIPs`, about one that asks for it and did not get it, about those that another controller gave its own addresses where MetalLB
 * would have given one of a pool that holds this, else about the address alone.
 */
export function questionsOfAddress(
  evidence: Evidence,
  { address, port }: { readonly address: Address; readonly port: number | null },
  asked: Shared,
): readonly Question[] {
  const services = known(evidence.kubernetes.services) ?? []
  const external = services.flatMap((service) =>
    (service.spec?.externalIPs ?? []).some((text) => sameAddress(parseAddress(text), address))
      ? ofService(service, address, asked)
      : [],
  )
  const named = external.filter((question) => port === null || question.port.port === port)
  if (named.length > 0) return named
  const pending = services
    .filter(({ spec }) => spec?.type === 'LoadBalancer')
    .flatMap((service) => ofService(service, null, asked))
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
  requestOf(service).addresses.some((text) => sameAddress(parseAddress(text), address))

const ofService = (service: Service, vip: Address | null, asked: Shared): readonly ServiceQuestion[] =>
  (service.spec?.ports ?? []).flatMap((servicePort: ServicePort): readonly ServiceQuestion[] => {
    const protocol = protocolOf(servicePort.protocol)
    return protocol === null || servicePort.port === undefined
      ? []
      : [{ ...asked, about: 'service', vip, port: { protocol, port: servicePort.port }, service, servicePort }]
  })
