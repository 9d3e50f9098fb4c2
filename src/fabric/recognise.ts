import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Node } from '../evidence/kubernetes/kinds.ts'
import type { FabricName } from '../evidence/question.ts'
import { UserError } from '../evidence/user-error.ts'
import { counted, inWords } from '../net/words.ts'
import type { Fabric } from './fabric.ts'
import { fabricOf, fabrics } from './index.ts'

/**
 * Why the evidence is taken for one fabric: its account was read, or asked and gave nothing, its nodes name it (`provider-id`), look like it (`system-uuid`, or
 * `no-cloud-named`: a LAN), name a provider that is not known here, name several, or say nothing; `told`: by `--fabric`.
 */
type FabricReason =
  | 'told'
  | 'account-read'
  | 'account-asked'
  | 'provider-id'
  | 'system-uuid'
  | 'no-cloud-named'
  | 'provider-not-known'
  | 'several-named'
  | 'nothing-said'

/** What carries frames, and why it is held to be that; `says` completes "because". */
interface Recognised {
  readonly name: FabricName
  readonly because: FabricReason
  readonly says: string
}

/** The fabric that was judged. `warning` where the evidence says another than the one that was told. */
export interface JudgedFabric extends Recognised {
  readonly warning: string | null
}

/** Nodes that are EC2 instances beside others that are known not to be, in a sentence. */
interface Disagreement {
  readonly disagree: string
}

/**
 * What carries frames between the nodes, as far as the evidence shows: `ec2` where something was asked of an account or the nodes say so.
 * A cloud that some nodes name holds for those that only look like a LAN; nodes that name several, or nothing, are `unknown`.
 *
 * @throws UserError where some nodes are EC2 instances and others are known not to be.
 */
export function recognisedFabric(evidence: Evidence): FabricName {
  const found = recognise(evidence)
  if ('disagree' in found) throw new UserError(found.disagree, 'Say which with --fabric ec2 or --fabric lan.')
  return found.name
}

/** The fabric of the questions over this evidence (null: there is none), with the reason for it. */
export function judgedFabric(evidence: Evidence, name: FabricName | null): JudgedFabric {
  const found = recognise(evidence)
  if (!('disagree' in found) && (name === null || name === found.name)) return { ...found, warning: null }
  const warning =
    'disagree' in found || found.name === 'unknown'
      ? null
      : `The evidence says ${fabricOf({ fabric: found.name }).words.name}, because ${found.says}; what --fabric says was judged.`
  return { name: name ?? 'unknown', because: 'told', says: '--fabric says so', warning }
}

function recognise(evidence: Evidence): Recognised | Disagreement {
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap((node) => {
    const fabric = fabricOfNode(node)
    return fabric === null ? [] : [{ name: node.metadata?.name ?? '', fabric, sure: fabric.recognise(node) }]
  })
  const said = [...new Set(nodes.map(({ fabric }) => fabric))]
  const onEc2 = said.some(({ name }) => name === 'ec2')
  if (onEc2 && said.length > 1) {
    const say = said.map(({ name, words }) => {
      const those = nodes.filter(({ fabric }) => fabric.name === name).map((node) => node.name)
      return `${those.sort().join(', ')} say ${words.name}`
    })
    return { disagree: `The nodes disagree on what carries their frames: ${say.join(', ')}.` }
  }
  // The region alone is written where every call was refused.
  const read = evidence.store.list('aws').some((file) => file.endsWith('.json'))
  if (evidence.aws.asked && !read) return { name: 'ec2', because: 'account-asked', says: 'an account was asked' }
  if (evidence.aws.asked) return { name: 'ec2', because: 'account-read', says: 'its account was read' }
  const clouds = said.length > 1 ? said.filter(({ name }) => name !== 'lan') : said
  const [fabric, ...more] = clouds
  if (fabric === undefined)
    return {
      name: 'unknown',
      because: 'nothing-said',
      says: 'no account was read, and no node says where it stands',
    }
  if (more.length > 0)
    return {
      name: 'unknown',
      because: 'several-named',
      says: `the nodes name ${inWords(clouds.map(({ words }) => words.name))}`,
    }
  const those = nodes.filter((node) => node.fabric === fabric)
  return {
    name: fabric.name,
    ...whyOf(
      fabric,
      those.length,
      those.some(({ sure }) => sure === 'named'),
    ),
  }
}

function whyOf({ name }: Fabric, count: number, named: boolean): Omit<Recognised, 'name'> {
  const nodes = counted(count, 'node')
  const names = count === 1 ? 'names' : 'name'
  if (named) return { because: 'provider-id', says: `the provider id of ${nodes} says so` }
  if (name === 'lan') return { because: 'no-cloud-named', says: `${nodes} ${names} no cloud` }
  return name === 'unknown'
    ? { because: 'provider-not-known', says: `${nodes} ${names} a provider that is not known here` }
    : { because: 'system-uuid', says: `the system UUID of ${nodes} says so` }
}

/** What one node says of itself: whom it names, else what it looks like; null where it says nothing. */
const fabricOfNode = (node: Node): Fabric | null =>
  fabrics.find(({ recognise }) => recognise(node) === 'named') ??
  fabrics.find(({ recognise }) => recognise(node) === 'looks') ??
  null
