import type { Shape } from '../../evidence/shape.ts'
import { isReadAnnotation, readEvents, readVariables } from '../keep/names.ts'
import { mapped, pruned, type Json, type JsonObject } from '../keep/prune.ts'
import { masked, withoutCredentials } from '../keep/text.ts'
import { keptWords } from '../keep/words.ts'
import { keptConfigMap } from './keep-config-map.ts'

/**
 * What is kept of an object: of pods, of what makes pods, and of custom resources the members that some check reads (`shape`; null keeps all),
 * and of every object what checks read by name where anybody may choose the names (annotations, environment, arguments, data of
 * ConfigMaps, messages). Keys come out sorted, as kubectl prints them.
 */
export function kept(object: JsonObject, kind: string, apiVersion: string, shape: Shape | null): JsonObject {
  const members = shape === null ? object : (pruned(object, shape) as JsonObject)
  const whole: JsonObject = { ...byKind(withMember(members, 'status', keptMessages), kind), apiVersion, kind }
  return sorted(withMember(whole, 'metadata', keptMetadata)) as JsonObject
}

function byKind(object: JsonObject, kind: string): JsonObject {
  switch (kind) {
    case 'Pod':
      return withMember(object, 'spec', keptPodSpec)
    case 'DaemonSet':
    case 'Deployment':
      return withMember(object, 'spec', (spec) =>
        withMember(spec, 'template', (template) =>
          withMember(withMember(template, 'metadata', keptMetadata), 'spec', keptPodSpec),
        ),
      )
    case 'ConfigMap':
      return keptConfigMap(without(object, 'binaryData'))
    case 'Event':
      return readEvents.has(text(object.reason)) ? keptMessages(object) : without(object, 'message')
    case 'BGPPeer':
      return withMember(object, 'spec', (spec) => ('password' in spec ? { ...spec, password: masked } : spec))
    case 'ValidatingWebhookConfiguration':
      return keptMessages(object)
    default:
      return object
  }
}

function keptMetadata(metadata: JsonObject): JsonObject {
  const { annotations, ...rest } = without(metadata, 'managedFields')
  if (!isObject(annotations)) return rest
  const read = mapped(annotations, (value, name) => (isReadAnnotation(name) ? value : undefined))
  return Object.keys(read).length === 0 ? rest : { ...rest, annotations: read }
}

const keptPodSpec = (spec: JsonObject): JsonObject =>
  ['containers', 'initContainers'].reduce(
    (sum, member) =>
      Array.isArray(sum[member])
        ? { ...sum, [member]: sum[member].map((one: Json) => (isObject(one) ? keptContainer(one) : one)) }
        : sum,
    spec,
  )

function keptContainer(container: JsonObject): JsonObject {
  const { command, args, env, ...rest } = container
  const words = (value: Json | undefined): string[] | null =>
    Array.isArray(value) ? value.map((word: Json) => (typeof word === 'string' ? word : '')) : null
  const [program, told] = [words(command), words(args)]
  return {
    ...rest,
    ...(program === null ? {} : { command: keptWords(program, true) }),
    // Without a command the image's own program is started, and these are its arguments.
    ...(told === null ? {} : { args: keptWords(told, false) }),
    ...(Array.isArray(env) ? { env: env.map((one: Json) => keptVariable(one)) } : {}),
  }
}

/** That a variable is empty says that it is switched off, and nothing else. */
function keptVariable(variable: Json): Json {
  if (!isObject(variable) || !('value' in variable) || variable.value === '') return variable
  const name = text(variable.name)
  if (name === 'bgp_peers') {
    const value = withoutPasswords(text(variable.value))
    return value === null ? without(variable, 'value') : { ...variable, value }
  }
  return readVariables.has(name) ? variable : without(variable, 'value')
}

const freeTexts: ReadonlySet<string> = new Set([
  ...['message', 'url', 'errorSummary', 'lastConversionResult', 'lastReloadResult'],
])

/** Messages and URLs, at any depth, without credentials. What a container wrote when it ended is not kept: it may be anything. */
function keptMessages(object: JsonObject): JsonObject {
  return mapped(object, (value, key) => {
    if (key === 'terminated' && isObject(value)) return without(value, 'message')
    if (freeTexts.has(key) && typeof value === 'string') return withoutCredentials(value)
    if (Array.isArray(value)) return value.map((one: Json) => (isObject(one) ? keptMessages(one) : one))
    return isObject(value) ? keptMessages(value) : value
  })
}

const without = (object: JsonObject, member: string): JsonObject =>
  mapped(object, (value, key) => (key === member ? undefined : value))

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
  return mapped(value, sorted, Object.keys(value).sort())
}

export type { JsonObject }

/** Peers of kube-vip, `ADDRESS:AS:PASSWORD:MULTIHOP` with commas between them, as address and AS alone; null for what is none. */
function withoutPasswords(peers: string): string | null {
  const parts = peers.split(',').map((one) => /^\s*(\[[\da-fA-F:.]+\]|[\d.]+):(\d+)(?::|$)/.exec(one))
  return parts.every((part) => part !== null)
    ? parts.map((part) => `${part[1] ?? ''}:${part[2] ?? ''}`).join(',')
    : null
}
