import { autopsy, passesUntranslated } from '../../node/death.ts'
import { missingJumps } from '../../node/jumps.ts'
import { inWords } from '../../net/words.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, warn } from '../finding.ts'
import { serviceRules } from '../../node/service-proxy.ts'
import { restartOn } from '../about/kube-proxy.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'
import { lostAnswer } from '../../journey/lost-answer.ts'

export default defineCheck({
  id: 'translation/jump-missing',
  after: 'translation/notrack',
  title: 'The kernel’s hooks lead to kube-proxy’s chains',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const here = evidence.node(node)
    const subject = `node/${node}`
    if (serviceRules(here) === null) return [skipped('no-rules', subject, `${node} has no rules of a kube-proxy.`)]
    const missing = missingJumps(here, question.vip.family)
    const untranslating = missing.some(({ table, from }) => table === 'nat' && from !== 'POSTROUTING')
    const share = shareLost(context, (journey) => {
      const found = autopsy(journey)
      return found?.death === 'untranslated' || (untranslating && passesUntranslated(journey))
        ? found
        : lostAnswer(evidence, node, journey)
    })
    if (missing.length === 0)
      return isDraft(share)
        ? [share]
        : [
            pass(
              'hooks-lead',
              subject,
              said('the hooks lead to kube-proxy’s chains', `The hooks of ${node} lead to kube-proxy’s chains.`),
              [],
            ),
          ]
    const where = inWords(missing.map(({ table, from, to }) => `${from} of table ${table} to ${to}`))
    const sentence = `On ${node} no rule leads from ${where}: kube-proxy’s rules are there, and no packet meets them`
    const proof = missing.map((one) => one.proof)
    const fix = restartOn(
      evidence,
      node,
      'kube-proxy makes its jumps anew when it starts. Find what took them away (iptables -F, a firewall’s reload), or it will do so again.',
    )
    const brief = 'no rule leads to kube-proxy’s chains'
    if (isDraft(share))
      return [warn('missing-effect-not-known', subject, said(brief, `${sentence}.`), proof, { fix, blocks: false })]
    const wrong = deadly(context, share, { reason: 'missing', brief, says: () => `${sentence}.`, fix: () => fix })
    return [
      wrong === null
        ? warn('missing-but-passes', subject, said(brief, `${sentence}. This packet gets through without.`), proof, {
            fix,
            blocks: false,
          })
        : { ...wrong, proof: [...proof, ...wrong.proof] },
    ]
  },
  docs: {
    means:
      'kube-proxy’s chains stand in the tables, and the built-in chains do not jump to them: somebody flushed the built-in chains (iptables -F, the reload of a firewall) and left the rest. kube-proxy makes the jumps only at a full sync.',
    byHand:
      'iptables-save -t nat | grep -e "-A PREROUTING" -e "-A OUTPUT" -e "-A POSTROUTING"; iptables-save -t filter | grep -e "-A FORWARD".',
    mend: 'Restart kube-proxy, and have the firewall reload without flushing what is not its own.',
    sources: ['kubernetes v1.34.4 pkg/proxy/iptables/proxier.go (iptablesJumpChains, needFullSync)'],
  },
})
