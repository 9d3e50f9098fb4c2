import { citeLine } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { nodeState, type NodeState } from '../../node/node-state.ts'
import { firstRuleOf, type IptablesSave } from '../../evidence/node/iptables-save.ts'
import { traceOn, traceVip, type VipTrace } from '../../journey/vip-trace.ts'
import { sh } from '../../net/shell.ts'
import { journalOf } from '../about/kube-proxy.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Remedy } from '../finding.ts'
import { inWords } from '../../net/words.ts'
import { listedPlaces, placeOf } from '../../journey/translator.ts'

export default defineCheck({
  id: 'translation/backend-mix',
  after: 'translation/notrack',
  title: 'kube-proxy’s rules stand in one back-end of iptables only',
  needs: ['node/iptables-nft'],
  alsoReads: [
    'node/iptables-legacy',
    'node/ip6tables-nft',
    'node/ip6tables-legacy',
    'node/ip-route',
    'node/processes',
    'kubernetes/endpointslices',
  ],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const here = evidence.node(node)
    const subject = `node/${node}`
    const six = question.vip.family === 6
    const nft = servicesIn(known(six ? here.ip6tablesNft : here.iptablesNft))
    const legacy = servicesIn(known(six ? here.ip6tablesLegacy : here.iptablesLegacy))
    if (nft === null && legacy === null)
      return [skipped('no-iptables-rules', subject, `${node} has no rules of a kube-proxy in iptables.`)]
    if (nft === null || legacy === null)
      return [
        pass(
          'one-back-end',
          subject,
          said(
            `kube-proxy’s rules are in ${nft === null ? 'legacy' : 'nf_tables'} only`,
            `kube-proxy’s rules on ${node} stand in the ${nft === null ? 'legacy' : 'nf_tables'} back-end of iptables only.`,
          ),
          [nft ?? legacy].flatMap((proof) => proof ?? []),
        ),
      ]
    const proof = [nft, legacy]
    const ways = bothWays(context)
    const fix = fixOf(context, ways)
    const both = `${node} has kube-proxy’s rules in both back-ends of iptables, and the kernel asks both`
    if (ways === null || inWords(ways.nft) === inWords(ways.legacy))
      return [
        warn(
          'left-over',
          subject,
          said(
            'kube-proxy’s rules are in both back-ends',
            `${both}: one of them is left over and follows no change${ways === null ? '' : ', although both send this packet to the same places now'}.`,
          ),
          proof,
          { fix, blocks: false },
        ),
      ]
    return [
      unknown(
        'two-ways',
        subject,
        said(
          'the two back-ends send it to different places',
          `${both}; which it asks first cannot be read from them, and one sends this packet to ${inWords(ways.nft)}, the other to ${inWords(ways.legacy)}.`,
        ),
        [],
        proof,
        { fix },
      ),
    ]
  },
  docs: {
    means:
      'The rules of a kube-proxy stand in legacy iptables and in nf_tables at once, usually after an upgrade changed the back-end. Both are live: the first to translate wins, and a drop in either is final. The one that is left over sends to pods of the day of the change. Rules of kubelet or of a CNI plugin in the other back-end are no such mixture.',
    byHand:
      'iptables-legacy-save -t nat | grep -c KUBE-; iptables-nft-save -t nat | grep -c KUBE-. More than a handful in both is the fault. (Calling iptables-legacy-save with -t makes the kernel create the table.)',
    mend: 'Clean the back-end that kube-proxy no longer uses, on every node, or reboot it.',
    sources: [
      'kubernetes/kubernetes issues 71305 and 82361',
      'kubernetes-sigs/iptables-wrappers README',
      'Linux net/netfilter/core.c (hooks of equal priority run in order of registration)',
    ],
  },
})

/** The first rule of KUBE-SERVICES in table nat; kubelet's own chains do not count. */
function servicesIn(save: IptablesSave | null) {
  const chain = save?.tables.get('nat')?.chains.get('KUBE-SERVICES')
  const rule = chain === undefined ? null : firstRuleOf(chain)
  return save === null || rule === null ? null : citeLine(save.file, rule.line, rule.text)
}

/** Where the packet ends when one back-end is asked first, and when the other is. */
interface Ways {
  readonly nft: readonly string[]
  readonly legacy: readonly string[]
}

/** Null where the packet cannot be traced. */
function bothWays({ evidence, question, node }: ServiceNodeContext): Ways | null {
  const state = nodeState(evidence, node, question.vip.family)
  const found = traceVip(evidence, question, node)
  if (isGap(state) || isGap(found)) return null
  const { nft, legacy } = state.iptables
  const turned: NodeState = { ...state, iptables: { nft: legacy, legacy: nft } }
  const other = traceOn(evidence, question, turned)
  return isGap(other) ? null : { nft: endsOf(found), legacy: endsOf(other) }
}

const endsOf = ({ parts }: VipTrace): readonly string[] =>
  [
    ...new Set(
      parts.flatMap(({ journeys }) =>
        journeys.map(({ first }) =>
          first.fate.kind === 'delivered' || first.packet.translated ? placeOf(first) : first.fate.kind,
        ),
      ),
    ),
  ].sort()

/** Clears the back-end that sends to what the API server no longer lists, where the other one does not: that one is kept up to date. */
function fixOf({ evidence, question, node }: ServiceNodeContext, ways: Ways | null): Remedy {
  const listed = known(listedPlaces(evidence, question))
  const followed = (['nft', 'legacy'] as const).filter(
    (backend) => listed !== null && ways?.[backend].every((place) => listed.has(place)) === true,
  )
  const look = [sh`ssh ${node} sudo iptables --version`, journalOf(evidence, node)]
  const [inUse] = followed
  if (inUse === undefined || followed.length > 1)
    return {
      look,
      advice: `Which back-end the running kube-proxy writes, the evidence does not say: the version of iptables on ${node} names the one that it takes, or kube-proxy’s log. Take the KUBE- rules out of the other, or reboot the node.`,
    }
  const old = inUse === 'nft' ? 'legacy' : 'nft'
  const iptables = `${question.vip.family === 6 ? 'ip6tables' : 'iptables'}-${old}`
  return {
    look,
    summary: `clear the ${old} back-end on ${node}`,
    commands: [
      sh`ssh ${node} "sudo ${iptables}-save > ${iptables}.before; grep -v KUBE- ${iptables}.before | sudo ${iptables}-restore"`,
    ],
    changes: `Takes every KUBE- rule out of the ${old} back-end, which sends to what is no endpoint any more; other rules stay, and ${iptables}.before on ${node} is what was there.`,
  }
}
