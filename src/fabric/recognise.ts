import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Node } from '../evidence/kubernetes/kinds.ts'
import type { FabricName } from '../evidence/question.ts'
import { UserError } from '../evidence/user-error.ts'
import type { Fabric } from './fabric.ts'
import { fabrics } from './index.ts'

/**
 * What carries frames between the nodes, as far as the evidence shows: `ec2` where something was asked of an account or the nodes say so.
 * A cloud that some nodes name holds for those that only look like a LAN; nodes that name several, or nothing, are `unknown`.
 *
 * @throws UserError where some nodes are EC2 instances and others are known not to be.
 */
export function recognisedFabric(evidence: Evidence): FabricName {
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap((node) => {
    const fabric = fabricOfNode(node)
    return fabric === null ? [] : [{ name: node.metadata?.name ?? '', fabric }]
  })
  const said = [...new Set(nodes.map(({ fabric }) => fabric))]
  const onEc2 = said.some(({ name }) => name === 'ec2')
  if (onEc2 && said.length > 1) {
    const say = said.map(({ name, words }) => {
      const those = nodes.filter(({ fabric }) => fabric.name === name).map((node) => node.name)
      return `${those.sort().join(', ')} say ${words.name}`
    })
    throw new UserError(
      `The nodes disagree on what carries their frames: ${say.join(', ')}.`,
      'Say which with --fabric ec2 or --fabric lan.',
    )
  }
  if (evidence.aws.asked || onEc2) return 'ec2'
  const [fabric, ...more] = said.length > 1 ? said.filter(({ name }) => name !== 'lan') : said
  return fabric === undefined || more.length > 0 ? 'unknown' : fabric.name
}

/** What one node says of itself: whom it names, else what it looks like; null where it says nothing. */
const fabricOfNode = (node: Node): Fabric | null =>
  fabrics.find(({ recognise }) => recognise(node) === 'named') ??
  fabrics.find(({ recognise }) => recognise(node) === 'looks') ??
  null
