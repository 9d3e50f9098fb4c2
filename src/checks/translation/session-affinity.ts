import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { objectName, type Service } from '../../evidence/kubernetes/kinds.ts'
import { counted } from '../../net/words.ts'
import { affinityOf } from '../../node/affinity.ts'
import { replacementOn } from '../../node/replacements.ts'
import { traceVip } from '../../journey/vip-trace.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { pass, said, skipped, warn, type Draft } from '../finding.ts'
import { restartOn } from '../about/kube-proxy.ts'
import { arrivals } from '../about/traced.ts'

export default defineCheck({
  id: 'translation/session-affinity',
  after: 'translation/source-ranges',
  title: 'The node keeps each client at one endpoint, as the Service asks',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  appliesTo: ({ question }) =>
    question.service.spec?.sessionAffinity === 'ClientIP' ||
    'sessionAffinity is None: each connection may go to another endpoint.',
  blocks: false,
  each: 'receiving',
  consequenceOf: ['translation/sync-stale', 'translation/kube-proxy-running'],
  run,
  docs: {
    means:
      'With sessionAffinity: ClientIP a node sends the connections of one client address to the endpoint that its first one got, until none has come for the timeout (10800 s, if the Service does not say otherwise). Where the rules of the node do not remember clients, or for another time, kube-proxy has not written what the Service asks for. Each node remembers by itself: where the VIP moves, or several nodes receive it, a client may get another endpoint. Clients behind one NAT are one address, and share one endpoint.',
    byHand:
      'iptables-save -t nat | grep "recent --rcheck"; nft list ruleset | grep affinity; ipvsadm -Ln shows "persistent 10800".',
    mend: 'Restart kube-proxy on the node; if its rules stay as they are, read its log.',
    sources: [
      'Kubernetes documentation, "Virtual IPs and Service Proxies: Session affinity"',
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go ("recent"), pkg/proxy/nftables/proxier.go (affinity), pkg/proxy/ipvs/proxier.go (FlagPersistent)',
    ],
  },
})

/** Kubernetes core/v1, DefaultClientIPServiceAffinitySeconds. */
const defaultSeconds = 10_800

const secondsOf = (service: Service): number =>
  service.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultSeconds

function run({ evidence, question, receiving, node }: ServiceNodeContext): readonly Draft[] {
  const { service } = question
  const subject = `node/${node}`
  const trace = traceVip(evidence, question, node)
  if (isGap(trace) || replacementOn(evidence, node) !== null)
    return [skipped('memory-not-read', subject, `What ${node} remembers of clients is not in the evidence.`)]
  const here = evidence.node(node)
  const found = arrivals(trace).flatMap(({ journey }) => affinityOf(here, journey.first.steps) ?? [])
  const name = objectName(service)
  const seconds = secondsOf(service)
  const asked = cite(service, 'spec', 'sessionAffinity')
  const fix = restartOn(evidence, node, `kube-proxy writes every rule of ${node} anew; connections that are open stay.`)
  const loose = found.find(({ sticky }) => !sticky)
  if (loose !== undefined)
    return [
      warn(
        'no-memory',
        subject,
        said(
          'the rules remember no client',
          `Service ${name} asks for sessionAffinity ClientIP, and the rules of ${node} remember no client: each connection may go to another endpoint.`,
        ),
        [asked, loose.proof],
        { fix },
      ),
    ]
  const other = found.find((one) => one.seconds !== null && one.seconds !== seconds)
  if (other !== undefined)
    return [
      warn(
        'other-timeout',
        subject,
        said(
          `clients are kept for ${String(other.seconds)} s, not ${String(seconds)} s`,
          `Service ${name} asks to keep clients for ${String(seconds)} s, and the rules of ${node} keep them for ${String(other.seconds)} s.`,
        ),
        [cite(service, 'spec', 'sessionAffinityConfig'), other.proof],
        { fix },
      ),
    ]
  const [first] = found
  if (first === undefined) return [skipped('reaches-no-endpoint', subject, `On ${node} no packet reaches an endpoint.`)]
  const alone = receiving.nodes.length < 2 ? '' : '; each node that receives the VIP remembers by itself'
  return [
    pass(
      'remembers',
      subject,
      said(
        'each client stays at one endpoint',
        `${node} keeps each client at one of ${counted(found.length, 'endpoint')} until it has made no connection for ${String(seconds)} s${alone}.`,
      ),
      [first.proof],
    ),
  ]
}
