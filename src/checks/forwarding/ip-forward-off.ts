import { isGap, known } from '../../evidence/gap.ts'
import { citeSettings } from '../../evidence/node/sysctl.ts'
import { endpointsOf } from '../../lb/endpoints.ts'
import { sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type NodeContext } from '../check.ts'
import { pass, said } from '../finding.ts'
import { deadly, isDraft, shareDyingOf } from '../about/traced.ts'

/** The nodes of the Service's ready endpoints, by name. */
const podNodes = ({ evidence, question }: NodeContext): readonly string[] =>
  [
    ...new Set(
      (known(endpointsOf(evidence, question)) ?? []).flatMap(({ ready, node }) => (ready ? (node ?? []) : [])),
    ),
  ].sort()

export default defineCheck({
  id: 'forwarding/ip-forward-off',
  title: 'The node forwards packets',
  needs: ['node/sysctl', 'node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, node, question } = context
    const share = shareDyingOf(context, ['forward-off'])
    if (isDraft(share)) return [share]
    const where = share.example?.node ?? node
    const { sysctl } = evidence.node(where)
    if (isGap(sysctl)) return []
    const name = question.vip.family === 6 ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward'
    const proof = citeSettings(sysctl, [name])
    // The packet's way goes on over the pods' nodes: what they lack too is mended in one go.
    const alike = podNodes(context).flatMap((other) => {
      const settings = known(evidence.node(other).sysctl)
      return other !== where && settings?.values.get(name) === '0' ? [{ other, settings }] : []
    })
    const others = alike.map(({ other }) => other)
    const nodes = [where, ...others]
    const wrong = deadly(context, share, {
      reason: 'forwarding-off',
      brief: where === node ? 'the node does not forward packets' : 'the pod’s node does not forward packets',
      says: () =>
        `${where} does not forward packets (${name} is 0), so none of them reaches a pod.${
          others.length === 0 ? '' : ` The same holds for ${inWords(others)}.`
        }`,
      fix: () => ({
        summary: `let ${inWords(nodes, 2)} forward packets`,
        commands: nodes.flatMap((each) => [
          sh`ssh ${each} sudo sysctl -w ${name}=1`,
          sh`ssh ${each} "echo ${name}=1 | sudo tee /etc/sysctl.d/90-kubernetes.conf"`,
        ]),
        changes: 'The node forwards between its devices from then on, also after a reboot.',
      }),
    })
    return [
      wrong === null
        ? pass('forwards', `node/${node}`, said('the node forwards packets', `${node} forwards packets.`), proof)
        : {
            ...wrong,
            proof: [...proof, ...alike.flatMap(({ settings }) => citeSettings(settings, [name])), ...wrong.proof],
          },
    ]
  },
  docs: {
    means:
      'The kernel of the node drops what is not for itself: forwarding is off for the family, or for the device by which the packet comes in. Every pod of the node is cut off, not this VIP alone.',
    byHand: 'sysctl net.ipv4.ip_forward net.ipv4.conf.all.forwarding (net.ipv6.conf.all.forwarding).',
    mend: 'Set it to 1, and write it to /etc/sysctl.d so that it stays.',
    sources: [
      'Linux Documentation/networking/ip-sysctl.rst (ip_forward, conf/all/forwarding)',
      'Kubernetes documentation, "Container Runtimes: Enable IPv4 packet forwarding"',
    ],
  },
})
