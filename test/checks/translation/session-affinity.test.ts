import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/session-affinity'

/** A recording whose Service keeps its clients, for so many seconds. */
const service = (timeoutSeconds: number): Change =>
  editJson((list: Json) => {
    const { spec } = list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb')
    Object.assign(spec, { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } })
  })

test.each([['kube-proxy-1.23-iptables'], ['kube-proxy-1.29-iptables'], ['kube-proxy-1.34-nftables']])(
  'what the rules of %s remember is what its Service asks',
  async (name) => {
    expect(await foundIn(name, id)).toEqual([
      [
        'pass',
        expect.stringMatching(
          /^(controller|worker)-\d keeps each client at one of 2 endpoints until it has made no connection for 10800 s\.$/,
        ),
      ],
    ])
  },
)

test.each([['kube-proxy-1.29-iptables'], ['kube-proxy-1.34-nftables']])(
  'another time in the rules of %s is found',
  async (name) => {
    const evidence = await variant(name, { 'kubernetes/services.json': service(600) })
    expect(found(evidence, id)).toEqual([
      [
        'warn',
        expect.stringMatching(
          /^Service default\/nginx-lb asks to keep clients for 600 s, and the rules of \S+ keep them for 10800 s\.$/,
        ),
      ],
    ])
    expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
  },
)

test.each([['lan-healthy'], ['nftables'], ['ipvs']])('rules of %s that remember no client', async (name) => {
  const evidence = await variant(name, { 'kubernetes/services.json': service(10_800) })
  expect(found(evidence, id)).toEqual([
    ['warn', expect.stringMatching(/ asks for sessionAffinity ClientIP, and the rules of \S+ remember no client: /)],
  ])
})

test('rules as kube-proxy writes them from 1.36 on, which draw the endpoint in the translation itself, remember no client', async () => {
  const drawn: Change = editJson((list: Json) => {
    for (const { rule } of list.nftables)
      if (/^service-.*nginx-lb/.test(rule?.chain ?? '') && rule.expr.some(({ vmap }: Json) => vmap !== undefined))
        rule.expr = [
          { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'tcp' } },
          {
            dnat: {
              family: 'ip',
              addr: {
                map: {
                  key: { numgen: { mode: 'random', mod: 2, offset: 0 } },
                  data: { set: [0, 1].map((draw) => [draw, { concat: [`10.200.${String(draw)}.2`, 80] }]) },
                },
              },
            },
          },
        ]
  })
  const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
  const evidence = await variant('nftables', {
    'kubernetes/services.json': service(10_800),
    ...Object.fromEntries(nodes.map((node) => [`nodes/${node}/nft-ruleset.json`, drawn])),
  })
  expect(found(evidence, id)).toEqual([
    ['warn', expect.stringMatching(/ asks for sessionAffinity ClientIP, and the rules of \S+ remember no client: /)],
  ])
})

test('a persistent virtual server of IPVS remembers, in seconds as ipvsadm prints', async () => {
  const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
  const edits = nodes.flatMap((node): [string, Change][] => [
    [
      `nodes/${node}/ipvsadm.txt`,
      (text) => text.replace(/^(-A -t 10\.240\.0\.100:80 -s rr)$/m, '$1 -p 600 -M 255.255.255.255'),
    ],
    [
      `nodes/${node}/proc-net-ip_vs.txt`,
      (text) => text.replace(/^(TCP {2}0AF00064:0050 rr) *$/m, '$1 persistent 150000 FFFFFFFF'),
    ],
  ])
  const ipvs = async (seconds: number) =>
    found(await variant('ipvs', { ...Object.fromEntries(edits), 'kubernetes/services.json': service(seconds) }), id)
  expect(await ipvs(600)).toEqual([['pass', expect.stringContaining('one of 2 endpoints until it has made no')]])
  expect(await ipvs(10_800)).toEqual([['warn', expect.stringContaining('keep them for 600 s')]])
})

test('without affinity it does not apply', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['skipped', 'sessionAffinity is None: each connection may go to another endpoint.'],
  ])
})
