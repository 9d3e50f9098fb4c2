import { citeLine } from '../../evidence/cite.ts'
import { autopsy } from '../../node/death.ts'
import { serviceRules, virtualServers } from '../../node/service-proxy.ts'
import { addressAndPort } from '../../net/port.ts'
import { counted } from '../../net/words.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped } from '../finding.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'

export default defineCheck({
  id: 'translation/ipvs-no-destination',
  after: 'translation/no-local-endpoint',
  title: 'The virtual server of IPVS has a real server',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  consequenceOf: ['endpoint/ready'],
  run: (context) => {
    const { evidence, question, node } = context
    const here = evidence.node(node)
    const subject = `node/${node}`
    if (serviceRules(here)?.mode !== 'ipvs')
      return [skipped('no-ipvs', subject, `${node} has no virtual servers of IPVS.`)]
    const share = shareLost(context, (journey) => {
      const found = autopsy(journey)
      return found?.step?.backend === 'ipvs' ? found : null
    })
    if (isDraft(share)) return [share]
    const vip = addressAndPort(question.vip.text, question.port.port)
    const ipvs = virtualServers(here)
    const service = ipvs?.services.find(
      ({ address, port, protocol }) =>
        address.text === question.vip.text && port === question.port.port && protocol === question.port.protocol,
    )
    const resting = service?.servers.length ?? 0
    const wrong = deadly(context, share, {
      reason: resting === 0 ? 'no-real-server' : 'weights-zero',
      brief: resting === 0 ? 'IPVS has no real server for the VIP' : 'IPVS takes no new connections',
      says: () =>
        resting === 0
          ? `The virtual server ${vip} of IPVS on ${node} has no real server, so the kernel rejects the packet.`
          : `The virtual server ${vip} of IPVS on ${node} takes no new connections: ${resting === 1 ? 'its real server has' : `all its ${counted(resting, 'real server')} have`} weight 0.`,
      fix: () => ({
        look: [
          sh`kubectl -n ${question.service.metadata?.namespace ?? 'default'} get endpointslices -l kubernetes.io/service-name=${question.service.metadata?.name}`,
          sh`ssh ${node} sudo ipvsadm -Ln`,
        ],
        advice: `If ready endpoints are listed, kube-proxy on ${node} is behind: restart it there.`,
      }),
    })
    return [
      wrong ??
        pass(
          'has-real-servers',
          subject,
          said(
            `IPVS has ${counted(resting, 'real server')}`,
            `IPVS on ${node} has ${counted(resting, 'real server')} for ${vip}.`,
          ),
          ipvs === null || service === undefined ? [] : [citeLine(ipvs.file, service.line, service.text)],
        ),
    ]
  },
  docs: {
    means:
      'In IPVS mode each VIP and port is a virtual server, and each endpoint a real server behind it. This one has none, or only such that take no new connections (weight 0: kube-proxy lets old ones drain). The client is refused.',
    byHand: 'ipvsadm -Ln | grep -A5 VIP:PORT, or /proc/net/ip_vs (hexadecimal).',
    mend: 'Give the Service a ready pod; see endpoint/ready. If it has one, kube-proxy has not heard of it: look at its log.',
    sources: [
      'kubernetes v1.34.4 pkg/proxy/ipvs/proxier.go (syncEndpoint), graceful_termination.go',
      'Linux net/netfilter/ipvs/ip_vs_core.c (ip_vs_leave)',
    ],
  },
})
