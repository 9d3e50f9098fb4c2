import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { KubernetesObject, Service } from '../../evidence/kubernetes/kinds.ts'

type Configuration = KubernetesObject<'validatingwebhookconfigurations'>

/** The webhooks that look at MetalLB's objects, as the API server knows them. */
export interface Webhooks {
  readonly configuration: Configuration
  /** `namespace/name` of the Service that they name. */
  readonly name: string
  /** That Service; null where it is not there. */
  readonly service: Service | null
  /** The port of its pods. */
  readonly port: number
  /** The indices, in the configuration, of MetalLB's own entries. */
  readonly entries: readonly number[]
}

/** MetalLB's webhooks; null where the evidence has none. */
export function metallbWebhooks(evidence: Evidence): Webhooks | null {
  for (const configuration of known(evidence.kubernetes.validatingwebhookconfigurations) ?? []) {
    const entries = (configuration.webhooks ?? []).flatMap(({ name }, index) =>
      name?.endsWith('.metallb.io') === true && !name.includes('frrk8s') ? [index] : [],
    )
    const named = configuration.webhooks?.[entries[0] ?? -1]?.clientConfig?.service
    if (named === undefined) continue
    const service =
      (known(evidence.kubernetes.services) ?? []).find(
        ({ metadata }) => metadata?.name === named.name && metadata?.namespace === named.namespace,
      ) ?? null
    const port = service?.spec?.ports?.find((one) => one.port === (named.port ?? 443))?.targetPort
    return {
      configuration,
      name: `${named.namespace ?? ''}/${named.name ?? ''}`,
      service,
      port: typeof port === 'number' ? port : 9443,
      entries,
    }
  }
  return null
}
