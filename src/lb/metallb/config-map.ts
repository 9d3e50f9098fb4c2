import { cite, rememberPlace, type Proof } from '../../evidence/cite.ts'
import { lazyProperty, type Evidence } from '../../evidence/evidence.ts'
import { gap, isAbsent, isGap, known, type Gap, type Known } from '../../evidence/gap.ts'
import { kubernetesFile, objectName, type KubernetesObject } from '../../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { metallbInstalled, metallbSettings, olderThan } from './install.ts'
import { readAddressPool, readOldConfig, type OldConfig } from './old-config.ts'
import { parseYaml } from '../../evidence/yaml.ts'
import { sh, type Command } from '../../net/shell.ts'

type ConfigMap = KubernetesObject<'configmaps'>
type AddressPool = KubernetesObject<'addresspools'>

/** The kinds that MetalLB up to 0.12 does not know: what they hold stands in its ConfigMap. */
const inConfigMap = ['ipaddresspools', 'l2advertisements', 'bgpadvertisements', 'bgppeers'] as const
type KindInConfigMap = (typeof inConfigMap)[number]

/** The configuration of a MetalLB that reads a ConfigMap. `configMap` is null where there is none; `proof` is its text, `config` what it says. */
export interface ConfigMapEra {
  readonly configMap: ConfigMap | null
  readonly proof: Proof | null
  readonly config: Known<OldConfig>
}

/**
 * The ConfigMap from which MetalLB takes its configuration (`--config`, key `config`): that of a MetalLB up to 0.12, or of one of unknown
 * version where the custom resources that came after it are not installed. Null for any other.
 */
export const configMapEra = perEvidence((evidence: Evidence): ConfigMapEra | null => {
  if (known(metallbInstalled(evidence)) !== true) return null
  const { version, namespace, configMap: name } = metallbSettings(evidence)
  const old = version !== null && olderThan({ version }, '0.13.0')
  if (!old && (version !== null || !notInstalled(evidence))) return null
  const all = evidence.kubernetes.configmaps
  if (isGap(all)) return old ? { configMap: null, proof: null, config: all } : null
  const configMap = all.find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name)
  if (configMap === undefined) return old ? { configMap: null, proof: null, config: empty } : null
  const proof = cite(configMap, 'data', 'config')
  const config = configOf(configMap, { name, namespace })
  if (!isGap(config)) placeAll(config, configMap, proof)
  return { configMap, proof, config }
})

const empty: OldConfig = { ipaddresspools: [], l2advertisements: [], bgpadvertisements: [], bgppeers: [], refused: [] }

const notInstalled = ({ store }: Evidence): boolean => isAbsent(store.read(kubernetesFile('ipaddresspools')))

function configOf(
  configMap: ConfigMap,
  place: { readonly name: string; readonly namespace: string },
): Known<OldConfig> {
  const wrong = (reason: string): Gap => gap(kubernetesFile('configmaps'), `${objectName(configMap)} ${reason}`)
  if (configMap.data === undefined) return wrong('was collected without its data')
  const yaml = parseYaml(configMap.data.config ?? '')
  if ('error' in yaml) return wrong(`is no YAML: ${yaml.error}`)
  const config = readOldConfig(yaml.value, place)
  return typeof config === 'string' ? wrong(`is no configuration of MetalLB: ${config}`) : config
}

type Origin = ConfigMap | AddressPool

/** What an object of a newer kind was read from. */
const origins = new WeakMap<object, Origin>()

function placeAll(config: OldConfig, configMap: ConfigMap, { file, pointer = '' }: Proof): void {
  for (const kind of inConfigMap)
    for (const object of config[kind]) originate(object, configMap, { file, pointer, text: true })
}

/** Evidence in which the kinds of MetalLB's configuration are what this MetalLB reads as such: those of its ConfigMap, or those that were listed. */
export function asMetallbReads(raw: Evidence): Evidence {
  const read = (kind: KindInConfigMap) => {
    const era = configMapEra(evidence)
    if (era === null) return withAddressPools(evidence, kind, raw.kubernetes[kind])
    return isGap(era.config) ? era.config : era.config[kind]
  }
  const kubernetes = Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(raw.kubernetes),
      ...Object.fromEntries(inConfigMap.map((kind) => [kind, lazyProperty(() => read(kind))])),
    },
  ) as Evidence['kubernetes']
  const evidence: Evidence = { ...raw, kubernetes }
  return evidence
}

/** 0.13 and the first releases of 0.14 read AddressPools, the objects of between, beside those that took their place. */
function withAddressPools(
  evidence: Evidence,
  kind: KindInConfigMap,
  listed: Known<readonly object[]>,
): Known<readonly object[]> {
  if (isGap(listed)) return listed
  const old = fromAddressPools(evidence)[kind]
  return old.length === 0 ? listed : Object.freeze([...listed, ...old])
}

const fromAddressPools = perEvidence((evidence: Evidence): OldConfig => {
  const { version } = metallbSettings(evidence)
  if (version === null || !olderThan({ version }, '0.14.2')) return empty
  const pools = (known(evidence.kubernetes.addresspools) ?? []).map((pool) => {
    const read = readAddressPool(pool)
    const { file, pointer = '' } = cite(pool)
    for (const kind of inConfigMap) for (const object of read[kind]) originate(object, pool, { file, pointer })
    return read
  })
  return {
    ipaddresspools: pools.flatMap((read) => read.ipaddresspools),
    l2advertisements: pools.flatMap((read) => read.l2advertisements),
    bgpadvertisements: pools.flatMap((read) => read.bgpadvertisements),
    bgppeers: [],
    refused: [],
  }
})

function originate(object: object, origin: Origin, place: Parameters<typeof rememberPlace>[1]): void {
  rememberPlace(object, place)
  origins.set(object, origin)
}

/**
 * Lines that keep a copy of an object of MetalLB's configuration and open it for editing: the object itself, or the ConfigMap or AddressPool
 * that it stands in. For what no patch can change: the ConfigMap holds its configuration as one text.
 */
export function editCommands(object: Pick<ConfigMap, 'metadata'>, resource: string): readonly Command[] {
  const origin = origins.get(object)
  const { namespace = 'metallb-system', name } = (origin ?? object).metadata ?? {}
  const kind = origin === undefined ? resource : 'data' in origin ? 'configmap' : 'addresspool'
  return [
    sh`kubectl -n ${namespace} get ${kind} ${name} -o yaml > ${name}.before.yaml`,
    sh`kubectl -n ${namespace} edit ${kind} ${name}`,
  ]
}

/** The command that shows MetalLB's objects of some kinds, or the ConfigMap in their place. */
export function showCommand(evidence: Evidence, resources: string): Command {
  const { namespace, configMap } = metallbSettings(evidence)
  return configMapEra(evidence) === null
    ? sh`kubectl -n ${namespace} get ${resources} -o yaml`
    : sh`kubectl -n ${namespace} get configmap ${configMap} -o yaml`
}

/** Whether an object of MetalLB's configuration was read from another one (its ConfigMap, an AddressPool), so that it cannot be patched. */
export const isDerived = (object: object): boolean => origins.has(object)
