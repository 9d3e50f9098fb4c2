import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'endpoint/host-to-pod'
const push = (...added: readonly Json[]) => editJson((list: Json) => list.push(...added))
const workers = [
  ['worker-0', '10.240.0.20'],
  ['worker-1', '10.240.0.21'],
] as const

/** Both nodes as nm-cloud-setup leaves them: a table of its own for what comes from the node's address. */
const cloudSetup = (rule: Json = { priority: 30400 }) =>
  Object.fromEntries(
    workers.flatMap(([node, address]): [string, Change][] => [
      [`nodes/${node}/ip-rule.json`, push({ src: address, table: '30400', ...rule })],
      [
        `nodes/${node}/ip-route.json`,
        push(
          { dst: 'default', gateway: '10.240.0.1', dev: 'eth0', table: '30400', flags: [] },
          { dst: '10.240.0.0/24', dev: 'eth0', scope: 'link', table: '30400', flags: [] },
        ),
      ],
    ]),
  )

/** Pods by a route of their own to a device without an address, as Calico and Canal make them: the kernel then sends from the node's. */
const withoutSource: Readonly<Record<string, Change>> = Object.fromEntries(
  workers.flatMap(([node]): [string, Change][] => [
    [
      `nodes/${node}/ip-addr.json`,
      editJson((links: Json) => {
        links.find(({ ifname }: Json) => ifname === 'cni0').addr_info = []
      }),
    ],
  ]),
)
const unready: Readonly<Record<string, Change>> = {
  'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
    for (const { endpoints } of list.items)
      for (const endpoint of endpoints ?? []) endpoint.conditions = { ready: false }
  }),
}

const changed = (rule: Json, ...more: readonly Readonly<Record<string, Change>>[]) => {
  const rules = cloudSetup(rule)
  const routes = Object.fromEntries(
    workers.map(([node]): [string, Change] => [
      `nodes/${node}/ip-route.json`,
      editJson((list: Json) => {
        for (const route of list) if (route.dev === 'cni0' && route.table === undefined) delete route.prefsrc
        list.push(
          { dst: 'default', gateway: '10.240.0.1', dev: 'eth0', table: '30400', flags: [] },
          { dst: '10.240.0.0/24', dev: 'eth0', scope: 'link', table: '30400', flags: [] },
        )
      }),
    ]),
  )
  return variant('hard-way-healthy', Object.assign({}, rules, routes, withoutSource, ...more))
}

test.each(['hard-way-healthy', 'ipvs', 'lan-healthy'])('%s: nodes reach their own pods', async (name) => {
  expect((await foundIn(name, id)).map(([status]) => status)).toEqual(['pass', 'pass'])
})

test('probes that a rule from the node’s address sends to the gateway fail, and no endpoint is ready', async () => {
  const { verdict, causes } = diagnosisOf(await changed(undefined, unready), 'default/nginx-lb', '10.240.0.50')
  expect([verdict, causes.map((cause) => [cause.id, cause.consequences.map((one) => one.id)])]).toEqual([
    'unreachable',
    [[id, expect.arrayContaining(['endpoint/ready'])]],
  ])
  expect(causes[0]?.says).toMatch(
    /^What worker-0 itself sends to default\/nginx-\S+ \(10\.200\.2\.2\) from 10\.240\.0\.20 meets default via 10\.240\.0\.1 dev eth0 of table 30400 \(rule 30400: from 10\.240\.0\.20\) instead of cni0: they leave by eth0\. Its probes fail, and the pod is not ready\./,
  )
  expect(causes[0]?.fix?.commands).toContain(
    'ssh worker-0 sudo systemctl disable --now nm-cloud-setup.timer nm-cloud-setup.service',
  )
})

test('a pod that is ready all the same is a warning', async () => {
  const evidence = await changed(undefined)
  expect(found(evidence, id).map(([status]) => status)).toEqual(['warn', 'warn'])
  expect(diagnosisOf(evidence, 'default/nginx-lb', '10.240.0.50').verdict).toBe('reachable')
})

test('a rule for all that the node itself sends is another tool’s', async () => {
  const { causes } = diagnosisOf(
    await changed({ src: 'all', iif: 'lo', priority: 100 }, unready),
    'default/nginx-lb',
    '10.240.0.50',
  )
  expect([causes[0]?.id, causes[0]?.fix?.commands[0]]).toEqual([id, 'ssh worker-0 sudo ip rule del priority 100'])
})

test('a bridge that has an address gives it to the packet, and the rule does not meet it', async () => {
  const evidence = await variant('hard-way-healthy', cloudSetup())
  expect(found(evidence, id).map(([status]) => status)).toEqual(['pass', 'pass'])
})
