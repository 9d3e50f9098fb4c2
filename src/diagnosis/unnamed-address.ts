import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Service, ServicePort } from '../evidence/kubernetes/kinds.ts'
import type { Question } from '../evidence/question.ts'
import { requestOf } from '../lb/metallb/pools.ts'
import { parseAddress, sameAddress, type Address } from '../net/address.ts'
import { protocolOf } from '../net/port.ts'

type Shared = Pick<Question, 'client' | 'fabric' | 'vpcId'>

/** Where nobody says at which port: most VIPs answer there, and delivery, the first thing to know, hangs on no port. */
const defaultPort = 443

/**
 * What is asked of an address that no Service, no kube-vip and nothing of Kube-OVN has as its VIP: about a Service that names it among its
 * `externalIPs`, about one that asks for it and did not get it, else about the address alone.
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
  const wanting = services.flatMap((service) =>
    service.spec?.type === 'LoadBalancer' && asksFor(service, address) ? ofService(service, null, asked) : [],
  )
  if (wanting.length > 0) return wanting
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

const asksFor = (service: Service, address: Address): boolean =>
  (service.status?.loadBalancer?.ingress ?? []).length === 0 &&
  requestOf(service).addresses.some((text) => sameAddress(parseAddress(text), address))

const ofService = (service: Service, vip: Address | null, asked: Shared): readonly Question[] =>
  (service.spec?.ports ?? []).flatMap((servicePort: ServicePort): readonly Question[] => {
    const protocol = protocolOf(servicePort.protocol)
    return protocol === null || servicePort.port === undefined
      ? []
      : [{ ...asked, about: 'service', vip, port: { protocol, port: servicePort.port }, service, servicePort }]
  })
