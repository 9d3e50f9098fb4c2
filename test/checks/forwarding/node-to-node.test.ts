import { expect, test } from '@jest/globals'
import check from '../../../src/checks/forwarding/node-to-node.ts'
import { editJson, fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress, tcp } from '../../fabric/ec2/edits.ts'

test('fails for the target port, as a consequence of the closed Service port whose rule would cover it', async () => {
  const evidence = await fixture('four-faults-but-ownership')
  const [draft] = runCheck(check, ask(evidence), 'worker-0')
  expect([draft?.status, draft?.consequenceOf]).toEqual(['fail', ['admission/service-port']])
  expect(draft?.says).toBe(
    'Security group sg-e6b0a1c1a5b02b2ae (kubernetes) of worker-0 admits no tcp/80 from controller-0 (10.240.0.10): what is passed on to worker-0 is lost.',
  )
})

test('fails as a cause of its own where only the Service port is open', async () => {
  const evidence = await edited('hard-way-healthy', {
    rules: ingress([tcp(80, '10.240.0.0/24')]),
    services: (services) => {
      for (const { spec } of services) if (spec.type === 'LoadBalancer') spec.ports[0].targetPort = 8080
    },
    slices: (slices) => {
      for (const slice of slices)
        if (slice.metadata.name.startsWith('nginx-lb')) for (const port of slice.ports) port.port = 8080
    },
  })
  const [draft] = runCheck(check, ask(evidence), 'worker-0')
  expect([draft?.status, draft?.consequenceOf]).toEqual(['fail', undefined])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 authorize-security-group-ingress --group-id ${ids.group} --ip-permissions 'IpProtocol=-1,UserIdGroupPairs=[{GroupId=${ids.group}}]'`,
  ])
})

const vxlan = (rules: Json[]) =>
  edited('hard-way-healthy', {
    rules: ingress(rules),
    files: {
      'nodes/controller-0/ip-route.json': editJson((routes: Json) => {
        routes.push({ dst: '10.200.0.0/16', dev: 'flannel.1', flags: [] })
      }),
      'nodes/controller-0/ip-link.json': editJson((links: Json) => {
        links.push({ ifname: 'flannel.1', linkinfo: { info_kind: 'vxlan', info_data: { id: 1, port: 8472 } } })
      }),
    },
  })

test('judges the tunnel, not the packet in it, where the CNI plugin encapsulates', async () => {
  const only80 = runCheck(check, ask(await vxlan([tcp(80, '10.240.0.0/16')])), 'worker-0')
  expect(only80[0]?.says).toMatch(/admits no udp\/8472 from controller-0/)
  const open = runCheck(
    check,
    ask(await vxlan([{ IpProtocol: 'udp', FromPort: 8472, ToPort: 8472, CidrIpv4: '10.240.0.0/24' }])),
    'worker-0',
  )
  expect(open[0]?.status).toBe('pass')
})

test('passes where the group admits all of the VPC', async () => {
  expect(runCheck(check, ask(await fixture('hard-way-healthy')), 'worker-0')[0]?.status).toBe('pass')
})

test('does not apply with externalTrafficPolicy: Local', async () => {
  expect(says(check, await fixture('etp-local'))[0]).toBe('skipped')
})

test.each([
  ['flannel.1', [], /admits no udp\/8472 from/],
  ['vxlan.calico', [], /admits no udp\/4789 from/],
  ['tunl0', [], /admits no protocol 4 from/],
  ['cilium_host', ['cilium_vxlan'], /admits no udp\/8472 from/],
  ['cilium_host', ['cilium_geneve'], /admits no udp\/6081 from/],
  ['antrea-gw0', ['genev_sys_6081'], /admits no udp\/6081 from/],
  ['ovn0', ['genev_sys_6081'], /admits no udp\/6081 from/],
  ['weave', ['vxlan-6784'], /admits no udp\/6784 from/],
  ['flannel-wg', [], /admits no udp\/51820 from/],
  ['cilium_wg0', [], /admits no udp\/51871 from/],
  // Without a tunnel behind it the packet itself crosses, which this rule admits.
  ['antrea-gw0', [], null],
])(
  'the tunnel of pods behind %s %j is known by name where links were read without details',
  async (dev, more, refused) => {
    const evidence = await edited('hard-way-healthy', {
      rules: ingress([tcp(80, '10.240.0.0/16')]),
      files: {
        'nodes/controller-0/ip-route.json': editJson((routes: Json) => {
          routes.push({ dst: '10.200.0.0/16', dev, flags: [] })
        }),
        'nodes/controller-0/ip-link.json': editJson((links: Json) => {
          for (const ifname of [dev, ...more]) links.push({ ifname })
        }),
      },
    })
    const [draft] = runCheck(check, ask(evidence), 'worker-0')
    if (refused === null) expect(draft?.says).not.toMatch(/admits no udp/)
    else expect(draft?.says).toMatch(refused)
  },
)

test.each([
  ['to nobody', []],
  ['within IPv4 alone', [{ IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '0.0.0.0/0', IsEgress: true }]],
])('an IPv6 VIP before endpoints of IPv4, with egress %s: no empty brackets', async (_, egress) => {
  const evidence = await edited('hard-way-healthy', {
    rules: (rules) => {
      const kept = rules.filter((rule) => rule.GroupId !== ids.group || rule.IsEgress !== true)
      rules.splice(0, rules.length, ...kept, ...egress.map((rule) => ({ ...rule, GroupId: ids.group })))
    },
    enis: (enis) => {
      enis.forEach((eni: Json, at: number) => {
        eni.Ipv6Addresses = [{ Ipv6Address: `2001:db8::${String(at + 1)}` }]
      })
    },
    services: (services) => {
      for (const { spec, status } of services)
        if (spec.type === 'LoadBalancer') status.loadBalancer.ingress = [{ ip: '2001:db8::100' }]
    },
  })
  const drafts = runCheck(check, ask(evidence, { target: '2001:db8::100', client: '2001:db8::50' }), 'worker-0')
  expect(drafts.map(({ status }) => status)).not.toEqual([])
  for (const { says: text, fix } of drafts) {
    expect(text).not.toContain('()')
    for (const command of fix?.commands ?? []) expect(command).not.toMatch(/\[\]|=$/)
  }
})
