// What `nft -j list ruleset` prints on a node of kube-proxy 1.34 in mode nftables.

const match = (left, right, op = '==') => ({ match: { op, left, right } })
const ip = (field) => ({ payload: { protocol: 'ip', field } })
const protocol = { meta: { key: 'l4proto' } }
const port = { payload: { protocol: 'th', field: 'dport' } }
const mark = { meta: { key: 'mark' } }
const jump = (target) => ({ jump: { target } })
const base = (name, type, hook, prio) => ({ name, type, hook, prio, policy: 'accept' })

/** The ruleset of a node that has these Services, as text. */
export function nftRuleset(services, nodeAddress) {
  const table = { family: 'ip', table: 'kube-proxy' }
  const names = services.map(({ name, chain, endpoints }) => ({
    service: `service-${chain.slice(0, 8)}-${name}/tcp/`,
    external: `external-${chain.slice(0, 8)}-${name}/tcp/`,
    endpoints: endpoints.map((one) => `endpoint-${one.chain.slice(0, 8)}-${name}/tcp/__${one.address}/${one.port}`),
  }))
  const addresses = services.flatMap(({ clusterIp, vip }, n) => [
    [{ concat: [clusterIp, 'tcp', 80] }, { goto: { target: names[n].service } }],
    [{ concat: [vip, 'tcp', 80] }, { goto: { target: names[n].external } }],
  ])
  const nodePorts = services.map(({ nodePort }, n) => [
    { concat: ['tcp', nodePort] },
    { goto: { target: names[n].external } },
  ])
  const bases = [
    base('filter-input', 'filter', 'input', 0),
    base('filter-forward', 'filter', 'forward', 0),
    base('nat-prerouting', 'nat', 'prerouting', -100),
    base('nat-output', 'nat', 'output', -100),
    base('nat-postrouting', 'nat', 'postrouting', 100),
  ]
  const own = ['services', 'masquerading', 'mark-for-masquerade', 'cluster-ips-check']
  const chains = [
    ...own,
    ...names.flatMap(({ service, external, endpoints }) => [...endpoints, service, external]),
  ].map((name) => ({ name }))
  const key = { concat: [ip('daddr'), protocol, port] }
  const fresh = match({ ct: { key: 'state' } }, 'new', 'in')
  const rules = [
    ['filter-forward', [fresh, jump('cluster-ips-check')]],
    ['nat-prerouting', [jump('services')]],
    ['nat-output', [jump('services')]],
    ['nat-postrouting', [jump('masquerading')]],
    ['services', [{ vmap: { key, data: '@service-ips' } }]],
    [
      'services',
      [
        match(ip('daddr'), '@nodeport-ips'),
        { vmap: { key: { concat: [protocol, port] }, data: '@service-nodeports' } },
      ],
    ],
    ['masquerading', [match({ '&': [mark, 16384] }, 0), { return: null }]],
    ['masquerading', [{ mangle: { key: mark, value: { '^': [mark, 16384] } } }]],
    ['masquerading', [{ masquerade: { flags: 'fully-random' } }]],
    ['cluster-ips-check', [match(ip('daddr'), '@cluster-ips'), { reject: { type: 'icmp', expr: 'port-unreachable' } }]],
    ['mark-for-masquerade', [{ mangle: { key: mark, value: { '|': [mark, 16384] } } }]],
    ...services.flatMap((service, n) => serviceRules(service, names[n])),
  ]
  let handle = 100
  const numbered = (what) => ({ ...what, handle: (handle += 1) })
  return JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6', release_name: 'Lester Gooch #5', json_schema_version: 1 } },
      { table: { family: 'ip', name: 'kube-proxy', handle: 6 } },
      {
        set: numbered({
          ...table,
          name: 'cluster-ips',
          type: 'ipv4_addr',
          elem: services.map(({ clusterIp }) => clusterIp),
        }),
      },
      { set: numbered({ ...table, name: 'nodeport-ips', type: 'ipv4_addr', elem: [nodeAddress] }) },
      {
        map: numbered({
          ...table,
          name: 'service-ips',
          type: ['ipv4_addr', 'inet_proto', 'inet_service'],
          map: 'verdict',
          elem: addresses,
        }),
      },
      {
        map: numbered({
          ...table,
          name: 'service-nodeports',
          type: ['inet_proto', 'inet_service'],
          map: 'verdict',
          elem: nodePorts,
        }),
      },
      ...[...bases, ...chains].map((chain) => ({ chain: numbered({ ...table, ...chain }) })),
      ...rules.map(([chain, expr]) => ({ rule: numbered({ ...table, chain, expr }) })),
    ],
  })
}

function serviceRules({ clusterIp, endpoints }, names) {
  const pods = { prefix: { addr: '10.128.0.0', len: 12 } }
  return [
    ...endpoints.flatMap(({ address, port: podPort }, at) => [
      [names.endpoints[at], [match(ip('saddr'), address), jump('mark-for-masquerade')]],
      [names.endpoints[at], [match(protocol, 'tcp'), { dnat: { addr: address, port: podPort } }]],
    ]),
    [names.service, [match(ip('daddr'), clusterIp), match(ip('saddr'), pods, '!='), jump('mark-for-masquerade')]],
    [
      names.service,
      [
        {
          vmap: {
            key: { numgen: { mode: 'random', mod: endpoints.length, offset: 0 } },
            data: { set: names.endpoints.map((target, at) => [at, { goto: { target } }]) },
          },
        },
      ],
    ],
    [names.external, [jump('mark-for-masquerade')]],
    [names.external, [{ goto: { target: names.service } }]],
  ]
}
