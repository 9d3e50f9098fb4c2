import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { lackingNodes } from '../../evidence/lacking.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { podsOf } from '../../lb/endpoints.ts'
import { metallbWebhooks } from '../../lb/metallb/webhook.ts'
import { parseAddress } from '../../net/address.ts'
import { rangeOf } from '../../net/range.ts'
import { authorize, permissionText } from '../../fabric/ec2/admission.ts'
import { clusterVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { numberOf, protocolText } from '../../fabric/ec2/ip-protocol.ts'
import { owns, primaryAddress } from '../../fabric/ec2/node-flow.ts'
import { interfacesOfNode } from '../../fabric/ec2/node-interfaces.ts'
import { groupsText, idOf, listText } from '../../fabric/ec2/words.ts'
import { tunnelCalls, type Call } from '../../node/knock.ts'
import { wayToPod } from '../../node/way-to-pod.ts'
import { apiServerHosts, apiServerNodes } from '../../journey/api-servers.ts'
import { itself, judgePassed, passedText, wireProof, wireTo } from '../../journey/wire.ts'
import { keepingFromPools } from '../about/no-pools.ts'
import { hostFirewall } from '../about/host-firewall.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'control/webhook-port',
  title: "The API servers reach MetalLB's webhook",
  needs: [
    'kubernetes/validatingwebhookconfigurations',
    'kubernetes/services',
    'kubernetes/pods',
    'kubernetes/endpointslices',
    'kubernetes/nodes',
  ],
  alsoReads: [
    'kubernetes/ipaddresspools',
    'aws/network-interfaces',
    'aws/security-group-rules',
    'aws/security-groups',
    'aws/vpcs',
    'kubernetes/configmaps',
    'kubernetes/calicoippools',
    'kubernetes/felixconfigurations',
    ...traceReads,
  ],
  blocks: false,
  run: (context) =>
    keepingFromPools(context.evidence, context.question, [
      ...(context.question.fabric === 'ec2' ? byGroups(context) : []),
      ...onHosts(context.evidence),
    ]),
  docs: {
    means:
      'Every change of a MetalLB object is shown to MetalLB\'s webhook first (Service port 443, pod port 9443), and refused where the API server cannot reach it: kubectl apply of an IPAddressPool waits, then says "failed calling webhook". The API servers\' hosts connect to the node of the controller pod; a security group must admit them at 9443, and so must the FORWARD rules of that node. No packet for a VIP depends on it.',
    byHand:
      'kubectl -n metallb-system get pods -o wide names the node of the controller; kubectl get endpoints kubernetes names the API servers; aws ec2 describe-security-group-rules lists the rules.',
    mend: "Admit tcp/9443 from the API servers' hosts in the security group of the nodes.",
    sources: [
      'MetalLB v0.16.1, config/manifests/metallb-native.yaml (webhook-service, 443 to 9443, failurePolicy Fail)',
      'Kubernetes documentation, "Dynamic Admission Control"',
      'metallb/metallb issues 1540, 1597 and 2486',
    ],
  },
})

/** What the firewalls of the nodes do with what API servers ask the webhook's pod: on its node, and with the tunnel that leads there. */
const onHosts = perEvidence((evidence: Evidence): readonly Draft[] => {
  const webhook = metallbWebhooks(evidence)
  const pods = webhook?.service ? podsOf(evidence, webhook.service) : []
  const calls = (known(pods) ?? []).flatMap(({ spec, status }): readonly Call[] => {
    const node = spec?.nodeName
    const destination = parseAddress(status?.podIP)
    if (webhook === null || node === undefined || destination === null) return []
    return apiServerNodes(evidence)
      .filter((server) => server !== node)
      .flatMap((server) => {
        const way = known(wayToPod(evidence, server, destination))
        return [
          ...(way?.by === 'tunnel' ? tunnelCalls(evidence, way, server, node) : []),
          { from: { node: server }, to: { node }, protocol: 'tcp', port: webhook.port, destination },
        ]
      })
  })
  return hostFirewall(evidence, calls, {
    subject: `service/${webhook?.name ?? ''}`,
    unlisted: webhook?.service ? lackingNodes(evidence) : null,
    let: "the API servers reach MetalLB's webhook",
    follows: "the API servers do not reach MetalLB's webhook, and changes of pools and advertisements fail",
  })
})

function byGroups({ evidence, question }: Context): readonly Draft[] {
  const webhook = metallbWebhooks(evidence)
  if (!webhook?.service)
    return [
      skipped(
        'webhook-not-read',
        'service/metallb-system/metallb-webhook-service',
        "MetalLB's webhook is not in the evidence.",
      ),
    ]
  const { service, port } = webhook
  const subject = `service/${objectName(service)}`
  const vpcId = clusterVpc(evidence, question.vpcId)
  const pods = podsOf(evidence, service)
  const doubt = said(
    'whether the webhook is reached is not known',
    `It is not known whether the API servers reach MetalLB's webhook at tcp/${String(port)}.`,
  )
  if (isGap(vpcId) || isGap(pods)) return [unknown('pods-not-known', subject, doubt, [vpcId, pods].filter(isGap))]
  const [pod] = pods.filter(({ spec }) => spec?.nodeName !== undefined)
  const node = pod?.spec?.nodeName
  if (pod === undefined || node === undefined)
    return [skipped('no-scheduled-pod', subject, "MetalLB's webhook has no pod that is scheduled to a node.")]
  const hosts = apiServerHosts(evidence, vpcId)
  if (isGap(hosts)) return [unknown('api-servers-not-known', subject, doubt, [hosts])]
  const own = interfacesOfNode(evidence, node, question.vpcId)
  if (isGap(own)) return [unknown('no-interface', subject, doubt, [own])]
  const destination = parseAddress(pod.status?.podIP)
  const holder = destination === null ? undefined : own.find((eni) => owns(eni, destination))
  const to = holder ?? own[0]
  if (to === undefined)
    return [
      unknown(
        'no-interface',
        subject,
        said(
          'the node of the webhook has no interface',
          `${node}, the node of MetalLB's webhook, has no interface in the VPC.`,
        ),
        [],
      ),
    ]
  const judged = hosts.flatMap(({ eni, address, name }) => {
    if (name === node) return []
    // A host that is no node has no part in the pod network: what it sends travels as it is.
    const wire =
      name === null || destination === null
        ? itself
        : wireTo(evidence, { node: name, home: node, from: eni, to, pod: destination, held: holder !== undefined })
    const passed = { from: eni, to, source: address, pod: destination, protocol: numberOf('tcp'), port, wire }
    const judgement = judgePassed(evidence, passed)
    return judgement === null ? [] : [{ wire, name: name ?? idOf(eni), address, ...judgement }]
  })
  const at = `${node} at tcp/${String(port)}`
  const refused = judged.filter(({ answer }) => answer === 'refused')
  const [first] = refused
  if (first !== undefined) {
    const seen = passedText(first)
    const it = isGap(first.wire) || first.wire.by === 'itself' ? 'it' : `${seen}, the tunnel to it`
    const names = listText(refused.map(({ name, address }) => `${name} (${address.text})`))
    const [groupId] = first.groupIds
    const ranges = refused.map(({ address }) => rangeOf(address))
    const fix =
      groupId === undefined
        ? null
        : {
            summary: `let ${seen} ${first.side === 'ingress' ? 'in from the API servers' : `out to ${node}`}`,
            commands: [
              authorize(
                groupId,
                first.side,
                permissionText(
                  protocolText(first.protocol),
                  first.port ?? -1,
                  first.port ?? -1,
                  first.side === 'ingress' ? ranges : [rangeOf(primaryAddress(to, 4) ?? first.address)],
                ),
              ),
            ],
            changes: `Holds for every interface in ${groupId}.`,
          }
    const says = `The API server on ${names} cannot reach MetalLB's webhook on ${at}: ${groupsText(evidence, first.groupIds)} ${first.groupIds.length === 1 ? 'does' : 'do'} not ${first.side === 'ingress' ? 'admit' : 'let out'} ${it}, so changes of pools and advertisements fail.`
    const proof = [
      cite(pod, 'spec', 'nodeName'),
      cite(to, 'Groups'),
      ...wireProof(first.wire),
      ...first.judgement.asked.slice(0, 12).map((rule) => rule.proof()),
    ]
    return [
      fail('refused', subject, said('the API servers do not reach the webhook', says), proof, fix, {
        awsCode: 'ENI_SG_RULES_MISMATCH',
      }),
    ]
  }
  const open = judged.filter(({ answer }) => answer === 'unknown')
  if (open.length > 0)
    return [
      unknown(
        'rules-not-known',
        subject,
        doubt,
        open.flatMap(({ gaps }) => gaps),
      ),
    ]
  return [
    pass(
      'allowed',
      subject,
      said('the API servers reach the webhook', `The API servers reach MetalLB's webhook on ${at}.`),
      [
        cite(pod, 'spec', 'nodeName'),
        ...judged.flatMap(({ judgement }) => judgement.rules.slice(0, 1).map((rule) => rule.proof())),
      ],
    ),
  ]
}
