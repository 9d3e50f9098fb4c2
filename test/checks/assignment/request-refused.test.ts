import { mendRefusal, refusalOfReason } from '../../../src/checks/assignment/request-refused/refusals.ts'
import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found } from '../../kit/found.ts'

const id = 'assignment/request-refused'

/** An edit of the Services of type LoadBalancer. */
const services = (edit: (service: Json) => void): Record<string, Change> => ({
  'kubernetes/services.json': editJson((list: Json) => {
    for (const service of list.items) if (service.spec.type === 'LoadBalancer') edit(service)
  }),
})

/** What is said of `default/second`, which asks for something. */
async function asking(edit: (service: Json) => void, message?: string) {
  return found(await asked(edit, message), id, 'default/second')
}
const asked = (
  edit: (service: Json) => void,
  message?: string,
  reason = 'AllocationFailed',
  more: Record<string, Change> = {},
) =>
  variant('pending-pool-exhausted', {
    ...services((service) => {
      if (service.metadata.name === 'second') edit(service)
    }),
    'kubernetes/events.json': editJson((list: Json) => {
      list.items = list.items.filter(({ reason }: Json) => reason !== 'AllocationFailed')
      if (message === undefined) return
      list.items.push({
        metadata: { name: 'second.1', namespace: 'default' },
        reason,
        message,
        involvedObject: { kind: 'Service', namespace: 'default', name: 'second' },
      })
    }),
    ...more,
  })
const annotate =
  (name: string, value: string) =>
  ({ metadata }: Json): void => {
    metadata.annotations = { ...metadata.annotations, [name]: value }
  }

test.each([
  [
    'a pool that is not there',
    annotate('metallb.io/address-pool', 'gold'),
    /it asks for pool gold, and there are only first-pool\.$/,
  ],
  ['the same by the old prefix', annotate('metallb.universe.tf/address-pool', 'gold'), /it asks for pool gold/],
  [
    'an address in no pool',
    annotate('metallb.io/loadBalancerIPs', '10.9.9.9'),
    /10\.9\.9\.9, which it asks for, is in no pool\.$/,
  ],
  [
    'no address',
    ({ spec }: Json): void => void (spec.loadBalancerIP = 'vip'),
    /vip, which it asks for, is no address\.$/,
  ],
  [
    'an address that another holds',
    ({ spec }: Json): void => void (spec.loadBalancerIP = '10.240.0.100'),
    /Service default\/nginx-lb holds 10\.240\.0\.100, and the two do not share it\.$/,
  ],
  [
    'both ways at once',
    (service: Json) => {
      annotate('metallb.io/loadBalancerIPs', '10.240.0.100')(service)
      service.spec.loadBalancerIP = '10.240.0.100'
    },
    /it asks both by annotation and by spec\.loadBalancerIP\.$/,
  ],
] as const)('%s is refused', async (_, edit, says) => {
  expect(await asking(edit)).toEqual([['fail', expect.stringMatching(says)]])
})

test('what the event says is said in the words of MetalLB too', async () => {
  const message = 'Failed to allocate IP for "default/second": pool first-pool not compatible for ip assignment'
  expect(await asking(() => undefined, message)).toEqual([
    [
      'fail',
      `MetalLB refuses Service default/second: the serviceAllocation of the pool admits other namespaces or Services ("${message}").`,
    ],
  ])
})

test('a Service that asks for nothing passes', async () => {
  expect(await asking(() => undefined)).toEqual([['pass', 'Nothing that Service default/second asks for is refused.']])
})

test.each([
  [
    'two addresses of one family',
    annotate('metallb.io/loadBalancerIPs', '10.240.0.101,10.240.0.102'),
    /it asks for 10\.240\.0\.101 and 10\.240\.0\.102, which are of one family\.$/,
  ],
  [
    'three addresses',
    annotate('metallb.io/loadBalancerIPs', '10.240.0.101, fd00::1, fd00::2'),
    /and two addresses are the most\.$/,
  ],
  [
    'an address of another family',
    (service: Json) => {
      service.spec.ipFamilies = ['IPv6']
      service.spec.loadBalancerIP = '10.240.0.100'
    },
    /10\.240\.0\.100, which it asks for, is not of its family IPv6\.$/,
  ],
] as const)('%s, without any event', async (_, edit, says) => {
  expect(await asking(edit)).toEqual([['fail', expect.stringMatching(says)]])
})

test('an address that two Services share', async () => {
  const both = (edit: (second: Json, first: Json) => void) =>
    variant('pending-pool-exhausted', {
      'kubernetes/events.json': editJson((list: Json) => (list.items = [])),
      'kubernetes/services.json': editJson((list: Json) => {
        const [first, second] = ['nginx-lb', 'second'].map((name) =>
          list.items.find(({ metadata }: Json) => metadata.name === name),
        )
        for (const one of [first, second]) annotate('metallb.io/allow-shared-ip', 'one')(one)
        second.spec.loadBalancerIP = '10.240.0.100'
        second.spec.ports[0].port = 8080
        edit(second, first)
      }),
    })
  const says = async (edit: (second: Json, first: Json) => void) => found(await both(edit), id, 'default/second')[0]
  expect((await says(() => undefined))?.[0]).toBe('pass')
  expect(await says(({ spec }) => void (spec.ports[0].port = 80))).toEqual([
    'fail',
    expect.stringMatching(/Service default\/nginx-lb holds 10\.240\.0\.100, and both want tcp\/80\.$/),
  ])
  expect(await says(annotate('metallb.io/allow-shared-ip', 'two'))).toEqual([
    'fail',
    expect.stringMatching(/and the two do not share it\.$/),
  ])
  const local = (second: Json, first: Json) => {
    for (const { spec } of [first, second]) spec.externalTrafficPolicy = 'Local'
  }
  expect((await says(local))?.[0]).toBe('pass')
  expect(
    await says((second, first) => {
      local(second, first)
      second.spec.selector = { app: 'other' }
    }),
  ).toEqual(['fail', expect.stringMatching(/only Services of one selector share an address\.$/)])
})

test('a pool whose serviceAllocation admits others is refused also to one that names it', async () => {
  const pool = (spec: object): Record<string, Change> => ({
    'kubernetes/ipaddresspools.metallb.io.json': editJson((list: Json) => Object.assign(list.items[0].spec, spec)),
  })
  const closed = pool({ serviceAllocation: { namespaces: ['prod'] } })
  const named = await asked(annotate('metallb.io/address-pool', 'first-pool'), undefined, '', closed)
  expect(found(named, id, 'default/second')).toEqual([
    ['fail', expect.stringMatching(/pool first-pool, which it asks for, serves other namespaces than default\.$/)],
  ])
  const buggy = pool({ avoidBuggyIPs: true, addresses: ['10.240.0.0/24'] })
  const zero = await asked(({ spec }) => void (spec.loadBalancerIP = '10.240.0.255'), undefined, '', buggy)
  expect(found(zero, id, 'default/second')).toEqual([
    [
      'fail',
      expect.stringMatching(
        /10\.240\.0\.255, which it asks for, ends in \.0 or \.255, and pool first-pool has avoidBuggyIPs\.$/,
      ),
    ],
  ])
})

const of = 'Failed to allocate IP for "default/second": '
const service = 'kubectl -n default get service second -o yaml'
const pools = 'kubectl -n metallb-system get ipaddresspools -o yaml'

// Every text of MetalLB's events for a Service that it refuses (controller/service.go, internal/allocator/allocator.go).
test.each([
  ['AllocationFailed', `${of}unknown pool "gold"`, /the pool that it names does not exist/, service],
  ['AllocationFailed', `${of}["10.9.9.9"] is not allowed in config`, /is in no pool, or ends in \.0 or \.255/, service],
  [
    'AllocationFailed',
    `${of}pool first-pool not compatible for ip assignment`,
    /the serviceAllocation of the pool admits other/,
    pools,
  ],
  [
    'AllocationFailed',
    `${of}requested loadBalancer IP(s) ["fd00::1"] does not match the ipFamily of the service`,
    /is not of the Service’s family/,
    service,
  ],
  [
    'AllocationFailed',
    `${of}requested loadBalancer IP(s) ["10.240.0.100"] is not compatible with requested address pool first-pool`,
    /is not in the pool that it asks for/,
    service,
  ],
  [
    'LoadBalancerFailed',
    'invalid requested loadbalancer IPs: service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP',
    /asks both by annotation and by spec\.loadBalancerIP/,
    service,
  ],
  [
    'LoadBalancerFailed',
    'invalid requested loadbalancer IPs: invalid spec.loadBalancerIP "vip"',
    /in its spec\.loadBalancerIP is no address/,
    service,
  ],
  [
    'LoadBalancerFailed',
    'invalid requested loadbalancer IPs: invalid metallb.io/loadBalancerIPs: vip',
    /in its annotation loadBalancerIPs is no list of addresses/,
    service,
  ],
  [
    'AllocationFailed',
    `${of}can't change sharing key for "default/second", address also in use by default/nginx-lb`,
    /another Service holds the address, and the two do not share it/,
    service,
  ],
  [
    'AllocationFailed',
    `${of}port TCP/80 is already in use on "10.240.0.100"`,
    /another Service that shares the address has the same port/,
    service,
  ],
  [
    'LoadBalancerFailed',
    'invalid requested loadbalancer IPs: metallb.io/loadBalancerIPs: more than two addresses',
    /more than two addresses/,
    service,
  ],
  [
    'LoadBalancerFailed',
    'invalid requested loadbalancer IPs: "10.0.0.1" has the same family',
    /two addresses of one family/,
    service,
  ],
  ['AllocationFailed', `${of}no suitable pool for ipv6 IPFamily`, /no pool has addresses of its family/, pools],
  [
    'not enough clusterips',
    'Service requires dual stack but not enough clusterips',
    /a ClusterIP of one only/,
    `kubectl -n default patch service second -p '{"spec":{"ipFamilyPolicy":"SingleStack"}}'`,
  ],
  ['nolbIPsIPFamily', 'Failed to retrieve LBIPs IPFamily', /the family of its addresses cannot be worked out/, service],
  [
    'noclusterIPsIPFamily',
    'Failed to retrieve ClusterIPs IPFamily',
    /the family of its addresses cannot be worked out/,
    service,
  ],
  [
    'InternalError',
    'allocated an IP that has no pool',
    /takes for impossible/,
    'kubectl -n metallb-system logs deployment/controller --tail=50',
  ],
])('%s: %s has a cause of its own, and where to look', async (reason, message, says, command) => {
  const evidence = await asked(() => undefined, message, reason)
  const cause = diagnosisOf(evidence, 'default/second').findings.find((finding) => finding.id === id)
  expect(cause).toMatchObject({ status: 'fail', says: expect.stringMatching(says) })
  expect(cause?.says).toContain(`("${message}")`)
  expect([...(cause?.fix?.commands ?? []), ...(cause?.look ?? [])]).toEqual([command])
  expect(cause?.brief).not.toMatch(/…$/)
})

const whoAsks = (annotations: Record<string, string>, spec: object = {}) => ({
  metadata: { namespace: 'default', name: 'second', annotations },
  spec,
})
const dropped = {
  annotation: 'kubectl -n default annotate service second metallb.io/loadBalancerIPs-',
  field: `kubectl -n default patch service second --type merge -p '{"spec":{"loadBalancerIP":null}}'`,
  pool: 'kubectl -n default annotate service second metallb.universe.tf/address-pool-',
}

test.each([
  ['unknown-pool', whoAsks({ 'metallb.universe.tf/address-pool': 'gold' }), [dropped.pool]],
  ['address-in-no-pool', whoAsks({ 'metallb.io/loadBalancerIPs': '10.9.9.9' }), [dropped.annotation]],
  ['address-in-no-pool', whoAsks({}, { loadBalancerIP: '10.9.9.9' }), [dropped.field]],
  ['address-not-shared', whoAsks({ 'metallb.io/loadBalancerIPs': '10.240.0.100' }), [dropped.annotation]],
  ['buggy-address', whoAsks({}, { loadBalancerIP: '10.240.0.255' }), [dropped.field]],
  [
    'asks-twice',
    whoAsks({ 'metallb.io/loadBalancerIPs': '10.240.0.100' }, { loadBalancerIP: '10.240.0.100' }),
    [dropped.field],
  ],
  [
    'one-family-cluster-ip',
    whoAsks({}),
    [`kubectl -n default patch service second -p '{"spec":{"ipFamilyPolicy":"SingleStack"}}'`],
  ],
  ['pool-not-for-service', whoAsks({ 'metallb.io/address-pool': 'gold' }), undefined],
])('%s: what the Service asks for is taken back where that mends', (reason, of, commands) => {
  const remedy = mendRefusal(refusalOfReason(reason), [of], 'metallb-system')
  expect(remedy.commands?.map((one) => (typeof one === 'string' ? one : 'line' in one ? one.line : one))).toEqual(
    commands,
  )
})

/** Both Services ask to share, and the pool has one address, which nginx-lb holds. */
const sharing = (edit: (second: Json, first: Json) => void, events: readonly Json[] = []) =>
  variant('pending-pool-exhausted', {
    'kubernetes/events.json': editJson((list: Json) => (list.items = events)),
    'kubernetes/services.json': editJson((list: Json) => {
      const [first, second] = ['nginx-lb', 'second'].map((name) =>
        list.items.find(({ metadata }: Json) => metadata.name === name),
      )
      for (const one of [first, second]) annotate('metallb.io/allow-shared-ip', 'one')(one)
      second.spec.ports[0].port = 8080
      edit(second, first)
    }),
  })
const bothLocal = (second: Json, first: Json) => {
  for (const { spec } of [first, second]) spec.externalTrafficPolicy = 'Local'
  second.spec.selector = { app: 'other' }
}

test('a shared address with Local and another selector is refused, and no pool has to be widened', async () => {
  const full = {
    metadata: { name: 'second.1', namespace: 'default' },
    reason: 'AllocationFailed',
    message: 'Failed to allocate IP for "default/second": no available IPs',
    involvedObject: { kind: 'Service', namespace: 'default', name: 'second' },
  }
  for (const events of [[], [full]]) {
    const { causes } = diagnosisOf(await sharing(bothLocal, events), 'default/second')
    expect(causes.map((cause) => [cause.id, cause.reason])).toEqual([[id, 'not-one-selector']])
    expect(causes[0]?.consequences.map((one) => one.id)).toContain('assignment/pool-exhausted')
    expect(causes[0]?.fix?.commands).toEqual(
      ['second', 'nginx-lb'].map(
        (name) => `kubectl -n default patch service ${name} -p '{"spec":{"externalTrafficPolicy":"Cluster"}}'`,
      ),
    )
  }
})

test('one of the two that is Cluster is told by its policy too, and the same port by its port', async () => {
  const reason = async (edit: (second: Json, first: Json) => void) =>
    diagnosisOf(await sharing(edit), 'default/second').causes[0]
  const mixed = await reason((second) => void (second.spec.externalTrafficPolicy = 'Local'))
  expect([mixed?.reason, mixed?.fix?.commands.length]).toEqual(['not-one-selector', 1])
  expect((await reason((second) => void (second.spec.ports[0].port = 80)))?.reason).toBe('port-in-use')
  const other = await reason(annotate('metallb.io/allow-shared-ip', 'two'))
  expect(other?.id).toBe('assignment/pool-exhausted')
})
