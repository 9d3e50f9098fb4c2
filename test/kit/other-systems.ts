import type { Evidence } from '../../src/evidence/evidence.ts'
import { crdsOfMetallb } from './old-metallb.ts'
import { editJson, variant, type Change, type Json } from './fixtures.ts'

const withoutMetallb = editJson((list: Json) => {
  list.items = list.items.filter(({ metadata }: Json) => metadata.namespace !== 'metallb-system')
})

/** The healthy recording on a LAN without MetalLB, whose mark is off the Service, which is changed as asked. */
export function withoutMetallbAnd(
  change: (service: Json) => void,
  changes: Readonly<Record<string, Change>> = {},
): Promise<Evidence> {
  return variant('lan-healthy', {
    ...Object.fromEntries(crdsOfMetallb.map((plural) => [`kubernetes/${plural}.metallb.io.json`, null])),
    'kubernetes/pods.json': withoutMetallb,
    'kubernetes/daemonsets.apps.json': withoutMetallb,
    'kubernetes/deployments.apps.json': withoutMetallb,
    'kubernetes/events.json': editJson((list: Json) => {
      list.items = []
    }),
    'kubernetes/services.json': editJson((list: Json) => {
      for (const service of list.items)
        if (service.metadata.name === 'nginx-lb') {
          delete service.metadata.annotations
          change(service)
        }
    }),
    ...changes,
  })
}

/** More objects in a listing of the recording without MetalLB. */
export const also = (...objects: readonly object[]): Change =>
  editJson((list: Json) => {
    list.items = [...list.items.filter(({ metadata }: Json) => metadata.namespace !== 'metallb-system'), ...objects]
  })
