import { cite } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Service } from '../evidence/kubernetes/kinds.ts'
import { noWords, type Announcer, type Candidate, type Serving } from './announcer.ts'
import { byAddress } from './by-address.ts'

/** What a controller leaves on a Service that it serves, by its own documentation. */
export interface Marks {
  readonly classes?: readonly string[]
  readonly finalizers?: readonly string[]
  readonly annotations?: readonly string[]
}

/** An announcer of which nothing is known but its marks. */
export const byMarks = <const Name extends string>(name: Name, marks: Marks): Announcer<Name> => ({
  name,
  serves: (_, question) => (question.about === 'service' ? markOn(question.service, marks) : null),
  refuses: () => null,
  announces: byAddress,
  judged: false,
  words: noWords,
})

/** The first mark on a Service: its class, a finalizer, an annotation that asks for an address. Null for none. */
export function markOn(service: Service, { classes = [], finalizers = [], annotations = [] }: Marks): Serving | null {
  const own = service.spec?.loadBalancerClass
  if (own !== undefined && classes.includes(own))
    return { by: 'mark', why: `its class is ${own}`, proof: [cite(service, 'spec', 'loadBalancerClass')] }
  const at = service.metadata?.finalizers?.findIndex((one) => finalizers.includes(one)) ?? -1
  if (at !== -1) {
    const why = `it has its finalizer ${service.metadata?.finalizers?.[at] ?? ''}`
    return { by: 'mark', why, proof: [cite(service, 'metadata', 'finalizers', at)] }
  }
  const key = annotations.find((one) => service.metadata?.annotations?.[one] !== undefined)
  return key === undefined
    ? null
    : {
        by: 'mark',
        why: `its annotation ${key} asks it for an address`,
        proof: [cite(service, 'metadata', 'annotations', key)],
      }
}

/** The pods with an image, and where it announces only when told so, with an argument. */
export const running =
  (name: string, image: RegExp, argument?: RegExp) =>
  ({ kubernetes: { pods } }: Evidence): readonly Candidate[] => {
    const found = (known(pods) ?? []).flatMap((pod) =>
      (pod.spec?.containers ?? []).flatMap((container, at) => {
        const told = [...(container.command ?? []), ...(container.args ?? [])]
        const tells = argument === undefined || told.some((text) => argument.test(text))
        return image.test(container.image ?? '') && tells ? [{ pod, at }] : []
      }),
    )
    return found.slice(0, 1).map(({ pod, at }) => ({ name, proof: cite(pod, 'spec', 'containers', at, 'image') }))
  }
