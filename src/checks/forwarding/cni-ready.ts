import { cite, citeLine, type Proof } from '../../evidence/cite.ts'
import { citeFirst } from '../../evidence/evidence.ts'
import { isGap } from '../../evidence/gap.ts'
import { nodesByName } from '../../evidence/kubernetes/nodes-by-name.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, unknown, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'forwarding/cni-ready',
  after: 'forwarding/pod-neighbour-failed',
  title: 'The node’s pod network is ready',
  needs: ['kubernetes/nodes'],
  alsoReads: ['node/cni-conf', 'kubernetes/pods'],
  about: ['service'],
  ofCluster: true,
  blocks: true,
  each: 'node',
  run: ({ evidence, node }) => {
    const subject = `node/${node}`
    const object = nodesByName(evidence).get(node)
    const conditions = object?.status?.conditions ?? []
    const ready = conditions.findIndex(({ type }) => type === 'Ready')
    const unavailable = conditions.findIndex(({ type, status }) => type === 'NetworkUnavailable' && status === 'True')
    const conf = evidence.node(node).cniConf
    const files = isGap(conf) ? [] : conf.lines.filter((line) => /\.(conf|conflist|json)$/.test(line.trim()))
    const proof: Proof[] = []
    const wrong: string[] = []
    const message = conditions[ready]?.message ?? ''
    if (
      object !== undefined &&
      ready !== -1 &&
      /network(?: plugin)? (?:is )?not ready|NetworkPluginNotReady|cni (?:plugin|config)/i.test(message)
    ) {
      proof.push(cite(object, 'status', 'conditions', ready, 'message'))
      wrong.push('kubelet says that the network plugin is not ready')
    }
    if (object !== undefined && unavailable !== -1) {
      proof.push(cite(object, 'status', 'conditions', unavailable, 'status'))
      const { reason } = conditions[unavailable] ?? {}
      wrong.push(`its condition NetworkUnavailable is True${reason === undefined ? '' : ` (${reason})`}`)
    }
    if (!isGap(conf) && files.length === 0) {
      proof.push(citeFirst(conf, /./) ?? citeLine(conf.file, 1, 'empty'))
      wrong.push('there is no CNI configuration in /etc/cni/net.d')
    }
    if (wrong.length > 0) {
      return [
        fail(
          'no-config',
          subject,
          said('the node has no pod network', `${node} has no pod network: ${wrong.join(', and ')}.`),
          proof,
          wrong.length === 1 && unavailable !== -1
            ? byReason(node, conditions[unavailable]?.reason ?? '')
            : {
                look: [
                  sh`ssh ${node} sudo ls -l /etc/cni/net.d /opt/cni/bin`,
                  sh`ssh ${node} sudo journalctl -u kubelet --no-pager -n 20`,
                ],
                advice: `Put the CNI configuration back (for the bridge plugin /etc/cni/net.d/10-bridge.conf with the node's own pod range, and 99-loopback.conf); pods that wait then get their network without a restart.`,
              },
          // Who makes the routes says that it made none: that a table has no room for one goes before.
          conditions[unavailable]?.reason === 'NoRouteCreated' ? { consequenceOf: ['forwarding/route-quota'] } : {},
        ),
      ]
    }
    if (object === undefined)
      return [
        unknown(
          'node-not-listed',
          subject,
          said('the node is in no listing', `${node} is in no listing of nodes, so its pod network is not known.`),
          [],
        ),
      ]
    const status = ready === -1 ? 'Unknown' : (conditions[ready]?.status ?? 'Unknown')
    const reason = conditions[ready]?.reason ?? 'no reason'
    if (status !== 'True') {
      return [
        fail(
          'not-ready',
          subject,
          said('the node is not Ready', `${node} is not Ready: ${reason}${message === '' ? '' : `, "${message}"`}.`),
          [cite(object, 'status', 'conditions', Math.max(ready, 0), 'reason')],
          {
            look: [
              sh`ssh ${node} sudo systemctl status kubelet --no-pager`,
              sh`ssh ${node} sudo journalctl -u kubelet --no-pager -n 50`,
            ],
            advice: 'Mend what kubelet complains of: pods of a node that is not Ready are no endpoints.',
          },
          { blocks: false },
        ),
      ]
    }
    const shown: Proof[] = isGap(conf) ? [] : [citeFirst(conf, files[0] ?? '') ?? citeLine(conf.file, 1, '')]
    return [
      pass(
        'ready',
        subject,
        said(
          'the pod network is ready',
          `${node} is Ready${isGap(conf) ? '' : ` and has the CNI configuration ${files[0] ?? ''}`}.`,
        ),
        [cite(object, 'status', 'conditions', ready, 'status'), ...shown],
      ),
    ]
  },
  docs: {
    means:
      'The node cannot give pods a network: no CNI configuration is in /etc/cni/net.d, its plugins are missing, or its agent has not started. Pods of the node stay in ContainerCreating and are no endpoints.',
    byHand:
      'kubectl describe node NAME: Ready is False with "container runtime network not ready … cni plugin not initialized". On the node: ls /etc/cni/net.d /opt/cni/bin.',
    mend: 'Put the CNI configuration and its binaries in place. A bridge CNI sets no NetworkUnavailable condition; that it is absent is fine.',
    sources: ['Kubernetes documentation, "Network Plugins: Network Plugin Requirements"', 'CNI specification 1.1.0'],
  },
})

/** Who sets the condition NetworkUnavailable, by its reason, and where its agent says why. A plain bridge sets none. */
const owners: readonly (readonly [reason: RegExp, name: string, namespace: string, label: string])[] = [
  [/^Calico/, 'Calico', 'kube-system', 'k8s-app=calico-node'],
  [/^Flannel/, 'flannel', 'kube-flannel', 'app=flannel'],
  [/^Cilium/, 'Cilium', 'kube-system', 'k8s-app=cilium'],
  [/^JoinSubnetGateway/, 'Kube-OVN', 'kube-system', 'app=kube-ovn-cni'],
]

function byReason(node: string, reason: string): Remedy {
  const owner = owners.find(([pattern]) => pattern.test(reason))
  if (owner === undefined)
    return {
      look: [sh`kubectl describe node ${node}`],
      advice:
        'The events say who set the condition. The route controller of a cloud sets it (NoRouteCreated) until it has made a route to the node’s pods; where none runs, nobody takes it away.',
    }
  const [, name, namespace, label] = owner
  return {
    look: [sh`kubectl -n ${namespace} get pods -l ${label} -o wide --field-selector spec.nodeName=${node}`],
    advice: `The agent of ${name} takes the condition away when it runs on ${node} and has set up the network.`,
  }
}
