import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isAbsent, isGap, known } from '../../evidence/gap.ts'
import { objectName, type KubernetesObject } from '../../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { configMapEra, editCommands, type ConfigMapEra } from '../../lb/metallb/config-map.ts'
import { metallbSettings } from '../../lb/metallb/install.ts'
import { overlappingPools } from '../../lb/metallb/pools.ts'
import { samplesOf } from '../../node/metrics.ts'
import { counted, inWords } from '../../net/words.ts'
import { sh } from '../../net/shell.ts'
import { without } from '../../net/range-set.ts'
import { poolName, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { poolWith } from '../about/pool-edit.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft, type Remedy } from '../finding.ts'

type State = KubernetesObject<'configurationstates'>

export default defineCheck({
  id: 'control/config-stale',
  after: 'control/memberlist',
  title: 'MetalLB has taken its configuration',
  needs: [],
  alsoReads: [
    'kubernetes/configurationstates',
    'kubernetes/ipaddresspools',
    'kubernetes/configmaps',
    'kubernetes/pods',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'node/metallb-metrics',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  ofCluster: true,
  blocks: false,
  run: ({ evidence }): readonly Draft[] => {
    const era = configMapEra(evidence)
    if (era !== null) return fromConfigMap(evidence, era)
    const states = evidence.kubernetes.configurationstates
    const { namespace } = metallbSettings(evidence)
    const [clash] = overlappingPools(evidence)
    if (isGap(states) && clash === undefined && !isAbsent(states))
      return [
        unknown(
          'states-not-read',
          `namespace/${namespace}`,
          said(
            'whether it took its configuration is not known',
            'It is not known whether MetalLB has taken its configuration.',
          ),
          [states],
        ),
      ]
    const stale = staleSpeakers(evidence)
    if (
      stale.length > 0 &&
      !(known(states) ?? []).some(({ status }) => resultOf(status) === 'Invalid') &&
      clash === undefined
    )
      return [byMetric(namespace, stale)]
    const reported = isGap(states) ? [] : states
    const refused = reported.filter(({ status }) => resultOf(status) === 'Invalid')
    if (refused.length === 0 && clash === undefined)
      return reported.length === 0
        ? [
            skipped(
              'states-not-reported',
              `namespace/${namespace}`,
              'MetalLB reports the state of its configuration since 0.15.3; here nothing reports one.',
            ),
          ]
        : [
            pass(
              'taken',
              `namespace/${namespace}`,
              said(
                'MetalLB has taken its configuration',
                `${counted(reported.length, 'component')} of MetalLB ${reported.length === 1 ? 'has' : 'have'} taken the configuration.`,
              ),
              [...reported.slice(0, 1).map((state) => cite(state, 'status'))],
            ),
          ]
    const names = refused.map(({ metadata }) => metadata?.name ?? '')
    const why = refused.flatMap(({ status }) => summaryOf(status))[0]
    const says = [
      refused.length === 0
        ? 'MetalLB must refuse its configuration'
        : `${inWords(names, 4)} of MetalLB ${names.length === 1 ? 'refuses' : 'refuse'} the configuration and ${names.length === 1 ? 'goes' : 'go'} on with the last good one`,
      ...(why === undefined ? [] : [`"${why}"`]),
      ...(clash === undefined ? [] : [`pools ${inWords(clash.names)} overlap at ${clash.text}`]),
    ]
    return [
      fail(
        refused.length === 0 ? 'pools-overlap' : 'refused',
        `namespace/${namespace}`,
        said(
          clash === undefined ? 'MetalLB refuses its configuration' : 'MetalLB refuses pools that overlap',
          `${says.join(': ')}. What was changed since has no effect.`,
        ),
        [
          ...refused.map((state) => cite(state, 'status')),
          ...(clash?.pools ?? []).map((pool) => cite(pool, 'spec', 'addresses')),
        ],
        clash === undefined
          ? {
              look: [
                sh`kubectl -n ${namespace} get configurationstates -o yaml`,
                sh`kubectl -n ${namespace} logs deployment/controller --tail=200 | grep "failed to parse the configuration"`,
              ],
              advice: 'One object that is wrong makes the whole configuration invalid.',
            }
          : apart(evidence, clash),
      ),
    ]
  },
  docs: {
    means:
      'MetalLB reads all its objects (up to 0.12: its ConfigMap) as one configuration; one that is wrong (overlapping pools, an advertisement that contradicts another) makes it refuse the whole and go on with the last good one. Pools and advertisements that were changed since have no effect, and nothing says so but a log line.',
    byHand:
      'kubectl -n metallb-system get configurationstates (since 0.15.3); the log line "failed to parse the configuration"; the metric metallb_k8s_client_config_stale_bool.',
    mend: 'Correct or delete the object that is named.',
    sources: [
      'MetalLB v0.16.1 internal/k8s/controllers/config_controller.go, api/v1beta1/configurationstate_types.go',
      'MetalLB v0.12.1 internal/config/config.go (parseAddressPool)',
    ],
  },
})

interface Stale {
  readonly node: string
  readonly says: string
  readonly proof: Proof
}

/** The speakers whose metrics say that they refused the configuration, or never had one (internal/k8s/controllers/stats.go). */
const staleSpeakers = perEvidence((evidence: Evidence): readonly Stale[] =>
  evidence.nodeNames.flatMap((node) => {
    const metrics = known(evidence.node(node).metallbMetrics)
    if (metrics === null) return []
    const [stale] = samplesOf(metrics, 'metallb_k8s_client_config_stale_bool')
    const [loaded] = samplesOf(metrics, 'metallb_k8s_client_config_loaded_bool')
    if (loaded?.value === 0) return [{ node, says: 'has never taken one', proof: loaded.proof }]
    return stale?.value === 1 ? [{ node, says: 'goes on with the last good one', proof: stale.proof }] : []
  }),
)

const byMetric = (namespace: string, stale: readonly Stale[]): Draft =>
  fail(
    'stale-by-metric',
    `namespace/${namespace}`,
    said(
      `${counted(stale.length, 'speaker')} ${stale.length === 1 ? 'does' : 'do'} not take the configuration`,
      `MetalLB’s speakers do not take the configuration: ${inWords(
        stale.map(({ node, says }) => `that of ${node} ${says}`),
        4,
      )}. What was changed since has no effect.`,
    ),
    stale.map(({ proof }) => proof),
    {
      look: [
        sh`kubectl -n ${namespace} logs -l component=speaker --tail=200 | grep "failed to parse the configuration"`,
        sh`kubectl -n ${namespace} get ipaddresspools,l2advertisements,bgpadvertisements,bgppeers -o yaml`,
      ],
      advice: 'One object that is wrong makes the whole configuration invalid.',
    },
  )

/** Takes what two pools have in common out of the second. */
function apart(evidence: Evidence, { pools, text }: ReturnType<typeof overlappingPools>[number]): Remedy | null {
  const [one, other] = pools
  return one === undefined || other === undefined
    ? null
    : poolWith(evidence, other, without(rangesOf(other), rangesOf(one)), {
        summary: `take ${text} out of pool ${poolName(other)}`,
        changes: `Pool ${poolName(one)} keeps it. MetalLB takes its configuration as soon as the pools are apart.`,
      })
}

/** Up to 0.12 MetalLB reports no state; that it must refuse its ConfigMap is plain from the text. */
function fromConfigMap(evidence: Evidence, { configMap, config, proof }: ConfigMapEra): readonly Draft[] {
  const { namespace } = metallbSettings(evidence)
  const subject = `namespace/${namespace}`
  if (configMap?.data === undefined || proof === null)
    return isGap(config)
      ? [
          unknown(
            'config-map-not-read',
            subject,
            said('its configuration is not known', 'It is not known how MetalLB is configured.'),
            [config],
          ),
        ]
      : [
          skipped(
            'no-config-map',
            subject,
            'MetalLB has no ConfigMap that it could refuse; assignment/no-pool speaks of that.',
          ),
        ]
  const name = objectName(configMap)
  const [clash] = overlappingPools(evidence)
  const why = isGap(config)
    ? config.reason.replace(`${name} `, 'it ')
    : [
        ...config.refused.map((sentence) => `"${sentence}"`),
        ...(clash === undefined ? [] : [`pools ${inWords(clash.names)} overlap at ${clash.text}`]),
      ][0]
  if (why === undefined)
    return [
      pass(
        'config-map-accepted',
        subject,
        said('MetalLB can take its ConfigMap', `MetalLB can take its configuration in ConfigMap ${name}.`),
        [proof],
      ),
    ]
  return [
    fail(
      'config-map-refused',
      subject,
      said(
        'MetalLB must refuse its ConfigMap',
        `MetalLB must refuse its configuration in ConfigMap ${name}: ${why}. It goes on with the last good one; after a start it has none.`,
      ),
      [proof],
      {
        look: [sh`kubectl -n ${namespace} logs deployment/controller --tail=200 | grep -i config`],
        summary: 'correct the ConfigMap',
        commands: editCommands(configMap, 'configmap'),
        changes: 'MetalLB reads the ConfigMap as soon as it changes, and its log says what it thinks of it.',
      },
    ),
  ]
}

const resultOf = (status: State['status']): unknown => field(status, 'result')

/** MetalLB's own summary, else the message of the first condition that is not true. */
function summaryOf(status: State['status']): string[] {
  const summary = field(status, 'errorSummary')
  if (typeof summary === 'string' && summary !== '') return [summary]
  const conditions = field(status, 'conditions')
  return (Array.isArray(conditions) ? conditions : []).flatMap((one: unknown) => {
    const message = field(one, 'message')
    return field(one, 'status') === 'False' && typeof message === 'string' && message !== '' ? [message] : []
  })
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value ? (value as Record<string, unknown>)[name] : undefined
