import { isGap, known } from '../../evidence/gap.ts'
import { autopsy } from '../../node/death.ts'
import { configPath, settingOf } from '../../node/proxy-settings.ts'
import { kubeProxyProcesses } from '../../node/service-proxy.ts'
import { onNode, sh } from '../../net/shell.ts'
import { translatorReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, unknown, warn } from '../finding.ts'
import { noKubeProxy } from '../about/kube-proxy.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'
import { lostAnswer } from '../../journey/lost-answer.ts'

export default defineCheck({
  id: 'translation/hostname-override',
  after: 'translation/source-ranges',
  title: 'kube-proxy knows which node it is on',
  needs: [],
  alsoReads: [...translatorReads, 'kubernetes/nodes', 'kubernetes/configmaps'],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, node } = context
    const here = evidence.node(node)
    const subject = `node/${node}`
    const absent = noKubeProxy(context)
    if (absent !== null) return [absent]
    const told = settingOf(evidence, here, 'hostnameOverride')
    const config = here.kubeProxyConfig
    if (told === null && isGap(config) && kubeProxyProcesses(here).length === 0)
      return [
        {
          ...unknown(
            'name-not-known',
            subject,
            said(
              'the configuration of kube-proxy is not read',
              `It is not known which node kube-proxy on ${node} takes itself for.`,
            ),
            [config],
          ),
          blocks: false,
        },
      ]
    // As kube-proxy reads it (kubernetes v1.34.4 pkg/util/node, GetHostname).
    const name = told?.value.trim().toLowerCase() ?? ''
    if (told === null || name === '')
      return [
        pass(
          'own-hostname',
          subject,
          said('kube-proxy goes by the hostname', `kube-proxy on ${node} goes by the node’s own hostname.`),
          told === null ? [] : [told.proof],
        ),
      ]
    if (name === node.toLowerCase())
      return [
        pass(
          'knows-its-node',
          subject,
          said('kube-proxy knows its node', `kube-proxy on ${node} knows that it is there.`),
          [told.proof],
        ),
      ]
    const nodes = known(evidence.kubernetes.nodes)
    const exists = nodes?.some(({ metadata }) => metadata?.name === name) !== false
    const sentence = exists
      ? `kube-proxy on ${node} takes itself for ${name} (hostnameOverride): it takes the endpoints on ${name} for local ones, and those on ${node} for remote`
      : `kube-proxy on ${node} takes itself for ${name} (hostnameOverride), and no Node has that name: it takes no endpoint for a local one, and in newer releases waits for that Node and writes no rules`
    const fix = {
      look: [onNode(node, sh`grep -n ${name} ${configPath(here)}`)],
      summary: `give kube-proxy the name ${node}`,
      commands: [
        onNode(node, sh`sed -i.before s/${name}/${node}/ ${configPath(here)}`),
        sh`ssh ${node} sudo systemctl restart kube-proxy`,
      ],
      changes: `kube-proxy on ${node} then sorts endpoints into local and remote by the right name. The file as it was stays as ${configPath(here)}.before; look into it first if the name stands in it for something else, too.`,
    }
    const brief = exists ? 'kube-proxy takes itself for another node' : 'kube-proxy’s node name is of no Node'
    const share = shareLost(context, (journey) => {
      const found = autopsy(journey)
      return found?.death === 'no-local-endpoint' ? found : lostAnswer(evidence, node, journey)
    })
    if (isDraft(share))
      return [
        warn('other-name-effect-not-known', subject, said(brief, `${sentence}.`), [told.proof], { fix, blocks: false }),
      ]
    const reason = exists ? 'other-name' : 'name-of-no-node'
    const wrong = deadly(context, share, { reason, brief, says: () => `${sentence}.`, fix: () => fix })
    return [
      wrong === null
        ? warn(
            'other-name-but-passes',
            subject,
            said(brief, `${sentence}. This packet gets through nevertheless.`),
            [told.proof],
            { fix, blocks: false },
          )
        : { ...wrong, proof: [told.proof, ...wrong.proof] },
    ]
  },
  docs: {
    means:
      'kube-proxy tells local endpoints from remote ones by comparing the nodeName of each endpoint with its own name. hostnameOverride gives it another name than the Node object has (a configuration copied from another node, a short name where the Node has a long one). With externalTrafficPolicy Local it then drops packets although a pod is there; newer releases (seen with 1.34) wait for a Node of that name and write no rules at all.',
    byHand:
      'grep hostnameOverride on the node, against kubectl get nodes. In newer releases: ss -ltn | grep 10256 shows nothing while the process runs.',
    mend: 'Set hostnameOverride to the name of the Node object (or take it away where that is the hostname), and restart kube-proxy.',
    sources: [
      'kubernetes v1.34.4 cmd/kube-proxy/app/server.go, pkg/proxy/topology.go',
      'kubernetes/kubernetes issue 71851',
    ],
  },
})
