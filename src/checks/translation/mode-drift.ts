import { isGap } from '../../evidence/gap.ts'
import { citeLine } from '../../evidence/cite.ts'
import { configPath, writtenSetting } from '../../node/proxy-settings.ts'
import { modesLoaded } from '../../node/service-proxy.ts'
import { inWords } from '../../net/words.ts'
import { sh } from '../../net/shell.ts'
import { translatorReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, unknown, warn } from '../finding.ts'
import { journalOf, noKubeProxy, restartOn } from '../about/kube-proxy.ts'

export default defineCheck({
  id: 'translation/mode-drift',
  after: 'translation/two-proxies',
  title: 'kube-proxy works in the mode that its configuration names, and no other mode’s rules are left',
  needs: [],
  alsoReads: [...translatorReads, 'node/proxy-mode', 'kubernetes/configmaps'],
  about: ['service'],
  ofCluster: true,
  blocks: false,
  each: 'receiving',
  run: (context) => {
    const { evidence, node } = context
    const here = evidence.node(node)
    const subject = `node/${node}`
    const absent = noKubeProxy(context)
    if (absent !== null) return [absent]
    if (isGap(here.proxyMode))
      return [
        unknown(
          'mode-not-known',
          subject,
          said('kube-proxy’s mode not read', `It is not known in which mode kube-proxy on ${node} works.`),
          [here.proxyMode],
        ),
      ]
    const mode = here.proxyMode.text.trim()
    const running = citeLine(here.proxyMode.file, 1, mode)
    const told = writtenSetting(evidence, here, 'mode')
    const restart = restartOn(
      evidence,
      node,
      `kube-proxy then works in the mode that ${configPath(here)} names, or exits, and its journal says why it cannot.`,
      [journalOf(evidence, node)],
    )
    if (told !== null && told.value !== '' && told.value !== mode)
      return [
        warn(
          'configured-otherwise',
          subject,
          said(
            `works in mode ${mode}, told ${told.value}`,
            `kube-proxy on ${node} was told to work in mode ${told.value} and works in mode ${mode}: it was not restarted since, or could not have the other.`,
          ),
          [told.proof, running],
          { fix: restart },
        ),
      ]
    const left = modesLoaded(here).filter((one) => one.mode !== mode)
    if (left.length > 0)
      return [
        warn(
          'other-mode-left',
          subject,
          said(
            `rules of mode ${inWords(left.map((one) => one.mode))} are left over`,
            `kube-proxy on ${node} works in mode ${mode}, and rules of mode ${inWords(left.map((one) => one.mode))} are loaded besides: they are left over and follow no change.`,
          ),
          [running, ...left.map(({ proof }) => proof)],
          {
            fix: {
              summary: `write kube-proxy’s rules on ${node} from nothing`,
              commands: [sh`ssh ${node} sudo kube-proxy --cleanup`, sh`ssh ${node} sudo systemctl restart kube-proxy`],
              changes: `The first takes away the rules of every mode, so Services do not work on ${node} until the second has made kube-proxy write those of mode ${mode} anew.`,
            },
          },
        ),
      ]
    return [
      pass(
        'one-mode',
        subject,
        said(
          `kube-proxy works in mode ${mode} alone`,
          `kube-proxy on ${node} works in mode ${mode}, and only that mode’s rules are loaded.`,
        ),
        [running, ...(told === null ? [] : [told.proof])],
      ),
    ]
  },
  docs: {
    means:
      'kube-proxy works in another mode than its configuration names (it was not restarted after a change, or up to release 1.25 fell back from IPVS to iptables where the kernel modules were missing), or the rules of an earlier mode are still loaded beside its own. Left-over rules go on translating to the pods of their day.',
    byHand:
      'On the node: curl http://127.0.0.1:10249/proxyMode, against mode: in the configuration file. iptables-save -t nat | grep -c KUBE-SVC; nft list table ip kube-proxy; ipvsadm -Ln: only one of them should have Services.',
    mend: 'Restart kube-proxy; take left-over rules away with kube-proxy --cleanup before it, or reboot the node.',
    sources: [
      'kubernetes v1.25.1 cmd/kube-proxy/app/server_others.go ("Can’t use ipvs proxier, trying iptables proxier")',
      'Kubernetes documentation, "Virtual IPs and Service Proxies: Proxy modes"',
    ],
  },
})
