import { type KubernetesKind, customOfCluster, kindOf, metadata } from './kind.ts'

/** What of a CNI plugin's own objects is kept. Source: Calico v3.30 libcalico-go apis/v3, IPPool and FelixConfiguration. */
export const networkKinds = {
  calicoippools: kindOf(
    'IPPool',
    'ippools',
    'crd.projectcalico.org',
    { metadata, spec: { cidr: 'string', ipipMode: 'string', vxlanMode: 'string' } },
    customOfCluster,
  ),
  felixconfigurations: kindOf(
    'FelixConfiguration',
    'felixconfigurations',
    'crd.projectcalico.org',
    {
      metadata,
      spec: { vxlanPort: 'number', wireguardEnabled: 'boolean', wireguardEnabledV6: 'boolean' },
    },
    customOfCluster,
  ),
} as const satisfies Record<string, KubernetesKind>

/** What `net-conf.json` in flannel's ConfigMap says of how packets travel (flannel Documentation/backends.md). */
export const flannelNetwork = {
  Backend: { Type: 'string', Port: 'number', ListenPort: 'number', DirectRouting: 'boolean' },
} as const
