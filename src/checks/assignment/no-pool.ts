import { cite, citeList } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { kubernetesFile, objectName } from '../../evidence/kubernetes.ts'
import { metallbSettings, olderThan } from '../../lb/metallb/install.ts'
import { metallbPools } from '../../lb/metallb/pools.ts'
import { counted, inWords } from '../../net/words.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, unknown } from '../finding.ts'
import { pendingInItsClass } from '../pending.ts'

export default defineCheck({
  id: 'assignment/no-pool',
  title: 'MetalLB has a pool',
  needs: ['kubernetes/ipaddresspools'],
  alsoReads: ['kubernetes/configmaps', 'kubernetes/pods', 'kubernetes/daemonsets', 'kubernetes/deployments'],
  appliesTo: pendingInItsClass,
  blocks: true,
  run: ({ evidence, question }) => {
    const { service } = question
    const pools = metallbPools(evidence)
    if (service === null || isGap(pools)) return []
    const settings = metallbSettings(evidence)
    const { namespace } = settings
    const subject = `namespace/${namespace}`
    const [first] = pools
    if (first !== undefined)
      return [
        pass(subject, `MetalLB has ${counted(pools.length, 'pool')} in ${namespace}.`, [
          cite(first, 'spec', 'addresses'),
        ]),
      ]
    const old = (known(evidence.kubernetes.configmaps) ?? []).find(
      ({ metadata, data }) => metadata?.namespace === namespace && (data?.config ?? '').includes('address-pools:'),
    )
    if (old !== undefined && olderThan(settings, '0.13.0'))
      return [
        unknown(
          subject,
          `MetalLB ${settings.version ?? ''} is configured by ${objectName(old)}, whose pools are not read here.`,
          [],
          [cite(old, 'data', 'config')],
        ),
      ]
    const elsewhere = known(evidence.kubernetes.ipaddresspools) ?? []
    const hints = [
      elsewhere.length === 0
        ? ''
        : ` ${inWords(elsewhere.map((pool) => objectName(pool)))} ${elsewhere.length === 1 ? 'stands' : 'stand'} in another namespace, where MetalLB does not look.`,
      old === undefined ? '' : ` ${objectName(old)} has pools, but since 0.13 MetalLB does not read it.`,
    ].join('')
    return [
      fail(
        subject,
        `Service ${objectName(service)} is pending because MetalLB has no IPAddressPool in ${namespace}; its controller says so at log level debug only.${hints}`,
        [
          citeList(
            kubernetesFile('ipaddresspools'),
            '/items',
            elsewhere.length === 0 ? 'empty' : `none in ${namespace}`,
          ),
          ...elsewhere.map((pool) => cite(pool, 'metadata', 'namespace')),
          ...(old === undefined ? [] : [cite(old, 'metadata', 'name')]),
        ],
        {
          commands: [
            `echo '{"apiVersion":"metallb.io/v1beta1","kind":"IPAddressPool","metadata":{"name":"first-pool","namespace":"${namespace}"},"spec":{"addresses":["FIRST-LAST"]}}' | kubectl apply -f -`,
          ],
          changes:
            'Every pending Service gets an address from the pool; put the range in the place of FIRST-LAST. Choose addresses that nothing else has and that the network delivers to the nodes.',
        },
      ),
    ]
  },
  docs: {
    means:
      'MetalLB is installed but has no addresses to give: there is no IPAddressPool in its own namespace. Pools in other namespaces, and the ConfigMap of versions before 0.13, are not read.',
    byHand: 'kubectl get ipaddresspools -A. MetalLB writes no event for it.',
    mend: 'Create an IPAddressPool in MetalLB’s namespace, and an L2Advertisement or BGPAdvertisement for it.',
    sources: [
      'MetalLB v0.16.1 controller/main.go (SetBalancer, "pools are empty"), internal/k8s/k8s.go (namespace of the cache)',
      'Facts ML-A03',
    ],
  },
})
