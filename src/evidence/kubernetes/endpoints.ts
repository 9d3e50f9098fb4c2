import { parseAddress, type Family } from '../../net/address.ts'
import { rememberMade } from '../cite.ts'
import { gap, isGap, type Known } from '../gap.ts'
import { readKubernetes } from '../listing.ts'
import { partOf, rememberPart } from '../part.ts'
import type { Store } from '../store.ts'
import { kubernetesFile, type EndpointSlice, type KubernetesObject } from './kinds.ts'

type Endpoints = KubernetesObject<'endpoints'>
type Subset = NonNullable<NonNullable<Endpoints['subsets']>[number]>

const madeOfEndpoints = new WeakSet<object>()

/** The EndpointSlices; where they were not read, what Endpoints say, in their form. A proof leads to what was read. */
export function readSlices(store: Store): Known<readonly EndpointSlice[]> {
  const slices = readKubernetes(store, 'endpointslices')
  if (!isGap(slices)) return slices
  const endpoints = readKubernetes(store, 'endpoints')
  return isGap(endpoints) ? slices : slicesOf(endpoints)
}

/** The file in which the endpoints of Services stand: that of the slices, or of the Endpoints that are read in their place. */
export const fileOfSlices = (slices: Known<readonly EndpointSlice[]>): string =>
  kubernetesFile(madeOfEndpoints.has(slices) ? 'endpoints' : 'endpointslices')

/** What Kubernetes writes on Endpoints of more than 1,000 addresses, of which it leaves out the others (API reference, "Over-capacity endpoints"). */
const overCapacity = 'endpoints.kubernetes.io/over-capacity'

function slicesOf(endpoints: readonly Endpoints[]): readonly EndpointSlice[] {
  const slices = endpoints.flatMap((one) =>
    (one.subsets ?? []).flatMap((subset, at) =>
      ([4, 6] as const).flatMap((family) => sliceOf(one, { subset, at, family }) ?? []),
    ),
  )
  const cut = endpoints.find(({ metadata }) => metadata?.annotations?.[overCapacity] === 'truncated')
  const why = cut === undefined ? null : `not whole: ${cut.metadata?.name ?? ''} has more addresses than Endpoints hold`
  rememberPart(slices, partOf(endpoints) ?? (why === null ? null : gap(kubernetesFile('endpoints'), why)))
  madeOfEndpoints.add(slices)
  return Object.freeze(slices)
}

/** One subset of Endpoints in one family, as the control plane mirrors it into a slice; null where it has no address of it. */
function sliceOf(
  from: Endpoints,
  { subset, at, family }: { readonly subset: Subset; readonly at: number; readonly family: Family },
): EndpointSlice | null {
  const found = (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
    (subset[list] ?? []).flatMap((address, index) =>
      parseAddress(address.ip)?.family === family ? [{ address, list, index }] : [],
    ),
  )
  if (found.length === 0) return null
  const { metadata } = from
  const slice: EndpointSlice = {
    metadata: { ...metadata, labels: { ...metadata?.labels, 'kubernetes.io/service-name': metadata?.name ?? '' } },
    addressType: family === 4 ? 'IPv4' : 'IPv6',
    ports: subset.ports,
    endpoints: found.map(({ address: { ip, ...others }, list }) => ({
      ...others,
      addresses: ip === undefined ? [] : [ip],
      conditions: { ready: list === 'addresses' },
    })),
  }
  rememberMade(slice, {
    from,
    keysIn: ([member = '', index, what, ...rest]) => {
      if (member === 'metadata')
        return [member, ...(index === undefined ? [] : [index]), ...(what === undefined ? [] : [what]), ...rest]
      const place = ['subsets', at]
      if (member === 'ports') return [...place, member, ...(index === undefined ? [] : [index])]
      const one = member === 'endpoints' && typeof index === 'number' ? found[index] : undefined
      if (one === undefined) return place
      const address = [...place, one.list, one.index]
      if (what === 'addresses') return [...address, 'ip']
      return what === 'nodeName' || what === 'targetRef' ? [...address, what, ...rest] : address
    },
  })
  return slice
}
