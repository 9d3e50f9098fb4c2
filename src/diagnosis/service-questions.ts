import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Node, Service } from '../evidence/kubernetes/kinds.ts'
import type { Client, FabricName, ServiceQuestion } from '../evidence/question.ts'
import { internalAddresses } from '../fabric/ec2/cluster-vpc.ts'
import type { Address } from '../net/address.ts'
import { protocolOf } from '../net/port.ts'

/** What every question of one run shares. */
export interface Asked {
  readonly client: Client
  readonly fabric: FabricName
  readonly vpcId: string | null
}

/** A Service at an address of its own (null while it is pending), one question for each of its ports. */
export const atVip = (service: Service, vip: Address | null, asked: Asked): readonly ServiceQuestion[] =>
  (service.spec?.ports ?? []).flatMap((servicePort): ServiceQuestion[] => {
    const protocol = protocolOf(servicePort.protocol)
    const { port } = servicePort
    return protocol === null || port === undefined
      ? []
      : [{ ...asked, about: 'service', entry: 'vip', vip, port: { protocol, port }, service, servicePort }]
  })

/** A Service at an address that a node has, one question for each of its ports that has a NodePort; none for a Service without. */
export const atNodePort = (service: Service, address: Address, asked: Asked): readonly ServiceQuestion[] =>
  (service.spec?.ports ?? []).flatMap((servicePort): ServiceQuestion[] => {
    const protocol = protocolOf(servicePort.protocol)
    const { nodePort: port = 0 } = servicePort
    return protocol === null || port === 0
      ? []
      : [
          {
            ...asked,
            about: 'service',
            entry: 'node-port',
            vip: address,
            port: { protocol, port },
            service,
            servicePort,
          },
        ]
  })

/** A Service at the NodePort of every node, at the addresses of the Service's families. */
export const atEveryNode = (evidence: Evidence, service: Service, asked: Asked): readonly ServiceQuestion[] =>
  (known(evidence.kubernetes.nodes) ?? []).flatMap((node) =>
    addressesFor(service, node).flatMap((address) => atNodePort(service, address, asked)),
  )

function addressesFor({ spec }: Service, node: Node): readonly Address[] {
  const families = spec?.ipFamilies ?? []
  return internalAddresses(node).filter(
    ({ family }) => families.length === 0 || families.includes(family === 6 ? 'IPv6' : 'IPv4'),
  )
}
