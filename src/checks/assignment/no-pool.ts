import { cite } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type IPAddressPool } from '../../evidence/kubernetes/kinds.ts'
import { configMapEra, editCommands, type ConfigMapEra } from '../../lb/metallb/config-map.ts'
import { metallbSettings } from '../../lb/metallb/install.ts'
import { metallbPools, whereAre } from '../../lb/metallb/pool-ranges.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { counted, inWords } from '../../net/words.ts'
import { fabricOf } from '../../fabric/index.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, type Remedy } from '../finding.ts'
import { moved } from '../about/moved.ts'
import { stillPending } from '../about/pending.ts'

export default defineCheck({
  id: 'assignment/no-pool',
  after: 'assignment/two-allocators',
  title: 'MetalLB has a pool',
  needs: ['kubernetes/ipaddresspools'],
  alsoReads: ['kubernetes/configmaps', 'kubernetes/pods', 'kubernetes/daemonsets', 'kubernetes/deployments'],
  about: ['service'],
  announcer: 'MetalLB',
  consequenceOf: ['control/webhook', 'control/webhook-port'],
  appliesTo: stillPending,
  blocks: true,
  run: ({ evidence, question }) => {
    const { service } = question
    const pools = metallbPools(evidence)
    if (isGap(pools)) return []
    const { namespace, configMap } = metallbSettings(evidence)
    const subject = `namespace/${namespace}`
    const [first] = pools
    if (first !== undefined)
      return [
        pass(
          'has-pools',
          subject,
          said(
            `MetalLB has ${counted(pools.length, 'pool')}`,
            `MetalLB has ${counted(pools.length, 'pool')} in ${namespace}.`,
          ),
          [cite(first, 'spec', 'addresses')],
        ),
      ]
    const era = configMapEra(evidence)
    const { choosing } = fabricOf(question).words
    const old =
      era === null
        ? (known(evidence.kubernetes.configmaps) ?? []).find(
            ({ metadata, data }) =>
              metadata?.namespace === namespace && (data?.config ?? '').includes('address-pools:'),
          )
        : undefined
    const elsewhere = known(evidence.kubernetes.ipaddresspools) ?? []
    const hints = [
      elsewhere.length === 0
        ? ''
        : ` ${inWords(elsewhere.map((pool) => objectName(pool)))} ${elsewhere.length === 1 ? 'stands' : 'stand'} in another namespace, where MetalLB does not look.`,
      old === undefined ? '' : ` ${objectName(old)} has pools, but since 0.13 MetalLB does not read it.`,
    ].join('')
    const { noun, proof } = whereAre(
      evidence,
      'ipaddresspools',
      elsewhere.length === 0 ? 'empty' : `none in ${namespace}`,
    )
    return [
      fail(
        'no-pool',
        subject,
        said(
          'MetalLB has no pool',
          `Service ${objectName(service)} is pending because MetalLB has no ${noun}; its controller says so at log level debug only.${hints}`,
        ),
        [
          proof,
          ...elsewhere.map((pool) => cite(pool, 'metadata', 'namespace')),
          ...(old === undefined ? [] : [cite(old, 'metadata', 'name')]),
        ],
        era !== null
          ? newEntry(era, namespace, configMap, choosing)
          : elsewhere.length > 0
            ? movedPools(elsewhere, namespace)
            : newPool(namespace, choosing),
      ),
    ]
  },
  docs: {
    means:
      'MetalLB is installed but has no addresses to give: there is no IPAddressPool in its own namespace. Pools in other namespaces are not read, nor is the ConfigMap in which MetalLB up to 0.12 had its pools; that MetalLB in turn reads nothing else.',
    byHand:
      'kubectl get ipaddresspools -A; up to 0.12 kubectl -n metallb-system get configmap config -o yaml. MetalLB writes no event for it.',
    mend: 'Create an IPAddressPool in MetalLB’s namespace, and an L2Advertisement or BGPAdvertisement for it; up to 0.12 add an entry to address-pools of the ConfigMap. On EC2 no advertisement delivers: give the addresses of the pool to interfaces of the nodes.',
    sources: [
      'MetalLB v0.16.1 controller/main.go (SetBalancer, "pools are empty"), internal/k8s/k8s.go (namespace of the cache)',
      'MetalLB v0.12.1 internal/config/config.go (the ConfigMap)',
      'metallb/metallb issue 2109',
    ],
  },
})

const summary = 'give MetalLB a pool (replace <first>-<last>)'
const given = 'Every pending Service gets an address of the pool.'

const newPool = (namespace: string, choosing: string): Remedy => ({
  summary,
  commands: [
    sh`echo ${jsonWord({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name: 'first-pool', namespace },
      spec: { addresses: ['<first>-<last>'] },
    })} | kubectl apply -f -`,
  ],
  changes: `${choosing} ${given}`,
})

/** Pools that were made, in a namespace that MetalLB does not read. */
const movedPools = (pools: readonly IPAddressPool[], namespace: string): Remedy => ({
  summary: `move ${inWords(pools.map((pool) => objectName(pool)))} to ${namespace}`,
  commands: pools.flatMap((pool) => moved('ipaddresspools', pool, namespace)),
  changes: `${given} An advertisement of the pool must stand in ${namespace}, too. Where the pool belongs to a MetalLB of its own namespace, make another.`,
})

/** An entry in the ConfigMap of MetalLB up to 0.12; where there is no ConfigMap, that with its first entry. */
function newEntry({ configMap }: ConfigMapEra, namespace: string, name: string, choosing: string): Remedy {
  const config = JSON.stringify({
    'address-pools': [{ name: 'first-pool', protocol: 'layer2', addresses: ['<first>-<last>'] }],
  })
  return configMap === null
    ? {
        summary,
        commands: [sh`kubectl -n ${namespace} create configmap ${name} ${{ word: `--from-literal=config=${config}` }}`],
        changes: `${choosing} ${given}`,
      }
    : {
        summary: 'add a pool to its ConfigMap',
        commands: editCommands(configMap, 'configmap'),
        changes: `${choosing} An entry of address-pools needs name, protocol (layer2 or bgp) and addresses. ${given}`,
      }
}
