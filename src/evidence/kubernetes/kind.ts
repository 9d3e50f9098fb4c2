import { mapOf, type Shape } from '../shape.ts'

// What is kept of each Kubernetes object: the fields that some check reads, in the API's own names and nesting.

/** ObjectMeta, as every object has it. */
export const metadata = {
  name: 'string',
  namespace: 'string',
  uid: 'string',
  labels: mapOf('string'),
  annotations: mapOf('string'),
  creationTimestamp: 'string',
  deletionTimestamp: 'string',
  finalizers: ['string'],
  resourceVersion: 'string',
  generation: 'number',
  ownerReferences: [{ apiVersion: 'string', kind: 'string', name: 'string', uid: 'string', controller: 'boolean' }],
} as const

/** LabelSelector of apimachinery. */
export const labelSelector = {
  matchLabels: mapOf('string'),
  matchExpressions: [{ key: 'string', operator: 'string', values: ['string'] }],
} as const

/** A condition of a status, of any kind. */
export const condition = {
  type: 'string',
  status: 'string',
  reason: 'string',
  message: 'string',
  lastTransitionTime: 'string',
  lastHeartbeatTime: 'string',
} as const

/** One kind of object: how the API names it, and what is kept of it. */
export interface KubernetesKind {
  /** The API group; `''` is core. */
  readonly group: string
  readonly plural: string
  readonly kind: string
  /** False for what lives outside namespaces. */
  readonly namespaced: boolean
  /** True for a custom resource: where its definition is not installed, its file is not there, and that is no gap in an answer about others. */
  readonly custom: boolean
  readonly shape: Shape
}

type Options = Partial<Pick<KubernetesKind, 'namespaced' | 'custom'>>

/** States a kind; without options it stands in namespaces and is none of a custom resource. */
export const kindOf = <const S extends Shape>(
  kind: string,
  plural: string,
  group: string,
  shape: S,
  options: Options = {},
) => ({
  kind,
  plural,
  group,
  namespaced: options.namespaced ?? true,
  custom: options.custom ?? false,
  shape,
})

/** Options of {@link kindOf}: a custom resource, one outside namespaces, and any kind outside namespaces. */
export const custom = { custom: true }
export const customOfCluster = { custom: true, namespaced: false }
export const cluster = { namespaced: false }
