import type { Evidence } from '../../src/evidence/evidence.ts'
import { editJson, variant } from './fixtures.ts'

/** What somebody may write into a name who can write objects, or a bundle. */
export const hostileName =
  '<script>document.title="owned"</script>"\'&]]>\u0007\u202e%0A::error::x\n`|@everyone [x](http://evil.example) ${{ x }} \\'

/** The unowned VIP of a recording, whose Service has a hostile name. */
export const hostileEvidence = (): Promise<Evidence> =>
  variant('hard-way-l2', {
    'kubernetes/services.json': editJson(({ items }) => {
      for (const { spec, metadata } of items) if (spec.type === 'LoadBalancer') metadata.name = hostileName
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson(({ items }) => {
      for (const { metadata } of items)
        if (metadata.labels['kubernetes.io/service-name'] === 'nginx-lb')
          metadata.labels['kubernetes.io/service-name'] = hostileName
    }),
  })

/** Recordings that differ in what a report has to tell: causes, warnings, pending, no Service, no account, IPv6, a capture, native rules. */
export const ofEachKind = [
  'hard-way-four-faults',
  'not-advertised',
  'pending-no-pool',
  'control-plane-vip',
  'lan-healthy',
  'lan-ipv6',
  'captured-vpc-unowned',
  'nftables',
] as const

/** The unowned VIP's Service, so many times: each with an address of its own. */
export const manyVips = (count: number): Promise<Evidence> =>
  variant('hard-way-l2', {
    'kubernetes/services.json': editJson((list) => {
      const one = list.items.find(({ spec }: { spec: { type: string } }) => spec.type === 'LoadBalancer')
      list.items = Array.from({ length: count }, (_, index) => {
        const copy = structuredClone(one)
        copy.metadata.name = `web-${String(index).padStart(5, '0')}`
        copy.status.loadBalancer.ingress = [{ ip: `10.240.${String(100 + (index >> 8))}.${String(index & 255)}` }]
        return copy
      })
    }),
  })
