import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'assignment/pool-exhausted'
const pools = 'kubernetes/ipaddresspools.metallb.io.json'

const editPool = (edit: (spec: Json) => void): Record<string, Change> => ({
  [pools]: editJson((list: Json) => {
    for (const { spec } of list.items) edit(spec)
  }),
})
const noEvents = { 'kubernetes/events.json': editJson((list: Json) => (list.items = [])) }

test('who holds the last address is named', async () => {
  expect(await foundIn('pending-pool-exhausted', id, 'default/second')).toEqual([
    [
      'fail',
      'MetalLB has no free address for Service default/second: the only address of pool first-pool is taken (by default/nginx-lb).',
    ],
  ])
})

test('the same is found where the event has expired', async () => {
  const evidence = await variant('pending-pool-exhausted', noEvents)
  expect(found(evidence, id, 'default/second')).toEqual([['fail', expect.stringContaining('the only address')]])
})

test('a pool that may not serve the Service is named with its reason', async () => {
  const reason = async (edit: (spec: Json) => void) =>
    found(await variant('pending-pool-exhausted', editPool(edit)), id, 'default/second')[0]
  expect(await reason((spec) => (spec.autoAssign = false))).toEqual([
    'fail',
    'MetalLB has no free address for Service default/second: no pool may serve it; first-pool has autoAssign false.',
  ])
  expect(await reason((spec) => (spec.serviceAllocation = { namespaces: ['prod'] }))).toEqual([
    'fail',
    expect.stringContaining('first-pool serves other namespaces than default.'),
  ])
  expect(
    await reason((spec) => (spec.serviceAllocation = { serviceSelectors: [{ matchLabels: { tier: 'gold' } }] })),
  ).toEqual(['fail', expect.stringContaining('first-pool selects other Services than default/second.')])
})

test('room in a pool passes', async () => {
  const evidence = await variant('pending-pool-exhausted', {
    ...noEvents,
    ...editPool((spec) => (spec.addresses = ['10.240.0.100-10.240.0.109'])),
  })
  expect(found(evidence, id, 'default/second')).toEqual([
    ['pass', 'For Service default/second, pool first-pool has 9 of 10 addresses free.'],
  ])
})

/** `default/second`, edited, beside its pool with room, edited; no event left. */
async function second(
  service: (service: Json) => void,
  pool: (spec: Json) => void = () => undefined,
  version?: string,
) {
  const evidence = await variant('pending-pool-exhausted', {
    ...noEvents,
    ...editPool(pool),
    'kubernetes/services.json': editJson((list: Json) => {
      for (const one of list.items) if (one.metadata.name === 'second') service(one)
    }),
    ...(version === undefined
      ? {}
      : {
          'kubernetes/pods.json': (text: string) =>
            text.replaceAll(/(metallb\/(?:speaker|controller)):v[\d.]+/g, `$1:v${version}`),
        }),
  })
  return found(evidence, id, 'default/second')
}
const roomy = (spec: Json) => void (spec.addresses = ['10.240.0.100-10.240.0.109'])

test('no pool at all that may serve the Service is found without an event too', async () => {
  expect(
    await second(
      () => undefined,
      (spec) => void (spec.autoAssign = false),
    ),
  ).toEqual([
    [
      'fail',
      'MetalLB has no free address for Service default/second: no pool may serve it; first-pool has autoAssign false.',
    ],
  ])
})

test('a pool of another family does not serve the Service', async () => {
  const six = (policy: string) => (service: Json) => {
    Object.assign(service.spec, {
      ipFamilies: policy === 'SingleStack' ? ['IPv6'] : ['IPv4', 'IPv6'],
      ipFamilyPolicy: policy,
    })
  }
  expect(await second(six('SingleStack'), roomy)).toEqual([
    ['fail', expect.stringContaining('no pool may serve it; first-pool has no IPv6 addresses.')],
  ])
  expect(await second(six('RequireDualStack'), roomy)).toEqual([['fail', expect.stringContaining('no IPv6 addresses')]])
  expect((await second(six('PreferDualStack'), roomy))[0]?.[0]).toBe('pass')
})

test('the family of the Service counts, however many addresses the other one has', async () => {
  const both = (spec: Json) => void (spec.addresses = ['10.240.0.100/32', 'fd00::/64'])
  expect(await second(({ spec }) => Object.assign(spec, { ipFamilies: ['IPv4'] }), both)).toEqual([
    ['fail', expect.stringContaining('the only address of pool first-pool is taken (by default/nginx-lb)')],
  ])
  expect((await second(({ spec }) => Object.assign(spec, { ipFamilies: ['IPv6'] }), both))[0]?.[0]).toBe('pass')
})

test('with avoidBuggyIPs the addresses that end in .0 and .255 are not there', async () => {
  const pool = (spec: Json) => {
    spec.addresses = ['10.240.0.100/32', '10.240.1.255-10.240.2.0']
    spec.avoidBuggyIPs = true
  }
  expect((await second(() => undefined, pool))[0]?.[0]).toBe('fail')
})

test('an empty serviceAllocation shuts a pool before 0.15.0, and no longer', async () => {
  const empty = (spec: Json) => {
    roomy(spec)
    spec.serviceAllocation = {}
  }
  expect(await second(() => undefined, empty, '0.14.9')).toEqual([
    ['fail', expect.stringContaining('first-pool has an empty serviceAllocation, with which MetalLB before 0.15.0')],
  ])
  expect((await second(() => undefined, empty, '0.15.0'))[0]?.[0]).toBe('pass')
})

const shares = ({ metadata }: Json) => {
  metadata.annotations = { ...metadata.annotations, 'metallb.io/allow-shared-ip': 'one' }
}

test('a full pool has room for a Service that shares an address, at another port', async () => {
  const both = (port: number) =>
    variant('pending-pool-exhausted', {
      ...noEvents,
      'kubernetes/services.json': editJson((list: Json) => {
        for (const service of list.items)
          if (service.spec.type === 'LoadBalancer') {
            shares(service)
            if (service.metadata.name === 'second') service.spec.ports[0].port = port
          }
      }),
    })
  expect(found(await both(8080), id, 'default/second')[0]?.[0]).toBe('pass')
  expect(found(await both(80), id, 'default/second')[0]?.[0]).toBe('fail')
})

test('a pool that fits by its serviceAllocation has room', async () => {
  const pinned = (spec: Json) => {
    roomy(spec)
    spec.serviceAllocation = {
      priority: 10,
      namespaces: ['default'],
      serviceSelectors: [{ matchLabels: { tier: 'gold' } }],
    }
  }
  const gold = ({ metadata }: Json) => void (metadata.labels = { tier: 'gold' })
  expect((await second(gold, pinned))[0]?.[0]).toBe('pass')
  expect((await second(() => undefined, pinned))[0]?.[1]).toContain('selects other Services than default/second')
})

test.each([
  ['no available IPs', 'Failed to allocate IP for "default/second": no available IPs'],
  [
    'no available IPs in pool',
    'Failed to allocate IP for "default/second": no available IPs in pool "first-pool" for ipv4 IPFamily',
  ],
  ['the nil of before 0.16', 'Failed to allocate IP for "default/second": ["<nil>"] is not allowed in config'],
])('the event of %s is of a full pool, and its fix widens the pool', async (_, message) => {
  const evidence = await variant('pending-pool-exhausted', {
    'kubernetes/events.json': editJson((list: Json) => {
      list.items = [
        {
          metadata: { name: 'second.1', namespace: 'default' },
          reason: 'AllocationFailed',
          message,
          involvedObject: { kind: 'Service', namespace: 'default', name: 'second' },
        },
      ]
    }),
  })
  const { causes } = diagnosisOf(evidence, 'default/second')
  expect(causes.map((cause) => [cause.id, cause.fix?.commands, cause.proof[0]?.value])).toEqual([
    [
      id,
      [
        `kubectl -n metallb-system patch ipaddresspools.metallb.io first-pool --type json -p '[{"op":"add","path":"/spec/addresses/-","value":"<first>-<last>"}]'`,
      ],
      message,
    ],
  ])
})
