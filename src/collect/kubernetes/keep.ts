import { keptConfigMap } from './keep-config-map.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = Readonly<Record<string, Json>>

const secretArgument = /((?:token|password|passwd|secret)[A-Za-z0-9_-]*=)\S+/gi
const secretName = /pass|secret|token|credential|private/i

/**
 * What is kept of an object: everything but managed fields, the copy that `kubectl apply` leaves in an annotation, the values of
 * environment variables (those of kube-vip, MetalLB and a few CNI settings excepted, which checks read), what looks like a secret in a
 * command line, and the data of ConfigMaps that no check reads. Keys come out sorted, as kubectl prints them.
 */
export function kept(object: JsonObject, kind: string, apiVersion: string): JsonObject {
  const { metadata, ...rest } = object
  const withHead: JsonObject = {
    ...rest,
    apiVersion,
    kind,
    ...(isObject(metadata) ? { metadata: keptMetadata(metadata) } : {}),
  }
  return sorted(byKind(withHead, kind)) as JsonObject
}

function byKind(object: JsonObject, kind: string): JsonObject {
  switch (kind) {
    case 'Pod':
      return withMember(object, 'spec', keptPodSpec)
    case 'DaemonSet':
    case 'Deployment':
      return withMember(object, 'spec', (spec) =>
        withMember(spec, 'template', (template) => withMember(template, 'spec', keptPodSpec)),
      )
    case 'ConfigMap':
      return keptConfigMap(object)
    case 'BGPPeer':
      return withMember(object, 'spec', (spec) => ('password' in spec ? { ...spec, password: '***' } : spec))
    default:
      return object
  }
}

function keptMetadata(metadata: JsonObject): JsonObject {
  const { annotations, ...rest } = without(metadata, 'managedFields')
  if (!isObject(annotations)) return rest
  const others = without(annotations, 'kubectl.kubernetes.io/last-applied-configuration')
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others }
}

function keptPodSpec(spec: JsonObject): JsonObject {
  return ['containers', 'initContainers', 'ephemeralContainers'].reduce(
    (sum, member) =>
      Array.isArray(sum[member])
        ? { ...sum, [member]: sum[member].map((one: Json) => (isObject(one) ? keptContainer(one) : one)) }
        : sum,
    spec,
  )
}

function keptContainer(container: JsonObject): JsonObject {
  const open = /kube-vip|metallb|frr/.test(text(container.image))
  const env = container.env
  const masked = Object.fromEntries(
    ['command', 'args'].flatMap((member) => {
      const words = container[member]
      return Array.isArray(words)
        ? [
            [
              member,
              words.map((word: Json) => (typeof word === 'string' ? word.replace(secretArgument, '$1***') : word)),
            ],
          ]
        : []
    }),
  )
  return {
    ...container,
    ...masked,
    ...(Array.isArray(env) ? { env: env.map((one: Json) => keptVariable(one, open)) } : {}),
  }
}

/** CNI settings that decide how pods are reached, by the names that Calico, Flannel and Cilium document; and what a proxy is not asked for. */
const readVariable =
  /^(CALICO_(IPV4POOL|IPV6POOL|NETWORKING)_?.*|IP_AUTODETECTION_METHOD|IP6?|FELIX_(BPF|IPTABLES|WIREGUARD|XDP|DEFAULT)[A-Z_]*|FLANNEL_.*|EVENT_QUEUE_DEPTH|CLUSTER_TYPE|NO_PROXY|no_proxy)$/

function keptVariable(variable: Json, open: boolean): Json {
  if (!isObject(variable) || !('value' in variable)) return variable
  const name = text(variable.name)
  if ((open || readVariable.test(name)) && !secretName.test(name) && !/pass$/i.test(name)) return variable
  return without(variable, 'value')
}

const without = (object: JsonObject, ...members: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !members.includes(key)))

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

const withMember = (object: JsonObject, member: string, change: (value: JsonObject) => JsonObject): JsonObject => {
  const value = object[member]
  return isObject(value) ? { ...object, [member]: change(value) } : object
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map((one: Json) => sorted(one))
  if (!isObject(value)) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]))
}

export type { Json, JsonObject }
