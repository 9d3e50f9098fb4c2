import type { Evidence } from '../../src/evidence/evidence.ts'
import { editJson, variant, type Change, type Json } from './fixtures.ts'

/** The plurals of MetalLB's custom resources. */
export const crdsOfMetallb = [
  'addresspools',
  'bfdprofiles',
  'bgpadvertisements',
  'bgppeers',
  'communities',
  'configurationstates',
  'ipaddresspools',
  'l2advertisements',
  'servicebgpstatuses',
  'servicel2statuses',
]

/** The configuration that MetalLB's own documentation of 0.12 began with. */
export const layer2 = `address-pools:
- name: default
  protocol: layer2
  addresses:
  - 10.240.0.100-10.240.0.110
`

/**
 * A recording (lan-healthy by default) whose MetalLB is of before 0.13: its version, no custom resources, and its configuration in the
 * ConfigMap metallb-system/config; null for none.
 */
export function oldMetallb(
  config: string | null,
  changes: Readonly<Record<string, Change>> = {},
  { version = '0.12.1', base = 'lan-healthy' } = {},
): Promise<Evidence> {
  const aged = (text: string) => text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, `$1:v${version}`)
  return variant(base, {
    ...Object.fromEntries(crdsOfMetallb.map((plural) => [`kubernetes/${plural}.metallb.io.json`, null])),
    'kubernetes/pods.json': aged,
    'kubernetes/daemonsets.apps.json': aged,
    'kubernetes/deployments.apps.json': aged,
    'kubernetes/configmaps.json': editJson((list: Json) => {
      if (config !== null)
        list.items.push({ metadata: { name: 'config', namespace: 'metallb-system' }, data: { config } })
    }),
    ...changes,
  })
}
