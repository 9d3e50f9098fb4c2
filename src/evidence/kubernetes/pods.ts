import { parseAddress, type Address } from '../../net/address.ts'
import { indexBy } from '../../net/index-by.ts'
import type { Evidence } from '../evidence.ts'
import { known } from '../gap.ts'
import { objectName, type Pod } from './kinds.ts'
import { perEvidence, perEvidenceBy } from '../memo.ts'

/** A pod by `namespace/name`, as an endpoint names it; undefined for one that is not listed. */
export const podNamed = (evidence: Evidence, name: string | null): Pod | undefined =>
  name === null ? undefined : byName(evidence).get(name)?.[0]

/** The pods of a node. */
export const podsOn = (evidence: Evidence, node: string): readonly Pod[] => byNode(evidence).get(node) ?? []

/** The pods that have an address: several where it is their node's. */
export const podsAt = (evidence: Evidence, address: Address): readonly Pod[] =>
  byAddress(evidence).get(address.text) ?? []

/** The pods of a namespace that carry a label. */
export const podsLabelled = (
  evidence: Evidence,
  namespace: string | undefined,
  key: string,
  value: string,
): readonly Pod[] => byValueOf(evidence, namespace, key).get(value) ?? []

/** A pod's addresses, of both families; none before it has one. */
export const addressesOfPod = ({ status }: Pod): readonly Address[] =>
  (status?.podIPs ?? [{ ip: status?.podIP }]).flatMap(({ ip }) => parseAddress(ip) ?? [])

const podsIndex = (keysOf: (pod: Pod) => readonly string[]) =>
  perEvidence((evidence: Evidence) => indexBy(known(evidence.kubernetes.pods) ?? [], keysOf))

const byName = podsIndex((pod) => [objectName(pod)])
const byNode = podsIndex(({ spec }) => (spec?.nodeName === undefined ? [] : [spec.nodeName]))
const byAddress = podsIndex((pod) => addressesOfPod(pod).map(({ text }) => text))
const byNamespace = podsIndex(({ metadata }) => [metadata?.namespace ?? ''])
/** The pods of a namespace by the value of a label: only of labels that some selector names. */
const byValueOf = perEvidenceBy(
  (namespace: string | undefined, key: string) => JSON.stringify([namespace ?? '', key]),
  (evidence: Evidence, namespace, key) =>
    indexBy(byNamespace(evidence).get(namespace ?? '') ?? [], ({ metadata: { labels = {} } = {} }) =>
      Object.hasOwn(labels, key) ? [labels[key] ?? ''] : [],
    ),
)
