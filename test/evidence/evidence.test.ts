import { expect, test } from '@jest/globals'
import { cite } from '../../src/evidence/cite.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { editJson, fixture, fixtureNames, variant, type Json } from '../kit/fixtures.ts'

test('every recording is read without a misfit', async () => {
  for (const name of fixtureNames) {
    const evidence = await fixture(name)
    for (const [kind, value] of Object.entries(evidence.kubernetes)) {
      expect({ name, kind, gap: isGap(value) && value.reason !== 'not in the evidence' ? value : null }).toEqual({
        name,
        kind,
        gap: null,
      })
    }
    for (const [kind, value] of Object.entries(evidence.aws)) {
      expect({ name, kind, gap: isGap(value) && value.reason !== 'not in the evidence' ? value : null }).toEqual({
        name,
        kind,
        gap: null,
      })
    }
  }
})

test('a proof leads back to the file', async () => {
  const { kubernetes } = await fixture('hard-way-healthy')
  if (isGap(kubernetes.services)) throw new Error(kubernetes.services.reason)
  const index = kubernetes.services.findIndex(({ metadata }) => metadata?.name === 'nginx-lb')
  const service = kubernetes.services[index]
  expect(service && cite(service, 'status', 'loadBalancer', 'ingress', 0, 'ip')).toEqual({
    file: 'kubernetes/services.json',
    pointer: `/items/${String(index)}/status/loadBalancer/ingress/0/ip`,
    value: '10.240.0.100',
  })
})

test.each([
  ['an absent file', null, 'not in the evidence'],
  ['a truncated file', '{"items": [\n {"kind": "Serv', /^cut off: parsing stopped at line 2, column 16$/],
  ['a file that is no JSON', 'No resources found', /^not JSON: parsing stopped at line 1, column 1$/],
  ['a binary file', 'ab\0c', 'not text: a zero byte at offset 2'],
  ['an empty file', '', 'empty, not JSON'],
  ['items that are nothing', '{"items": [null]}', 'not what its name says: /items/0 is null, not an object'],
  ...['1e400', '-1.5', '65536', '80.5', '-1'].map((port): [string, string, string] => [
    `a port ${port}`,
    `{"items": [{"spec": {"ports": [{"port": ${port}}]}}]}`,
    'not what its name says: /items/0/spec/ports/0/port is a number, not a port',
  ]),
  ['another listing', '{"items": [{"kind": "Pod"}]}', 'not what its name says: /items/0 is a Pod, not a Service'],
  ['a list that is none', '{"items": {}}', 'not what its name says: there is no list /items'],
  [
    'a value of the wrong type',
    '{"items": [{"spec": {"ports": "80"}}]}',
    'not what its name says: /items/0/spec/ports is a string, not a list',
  ],
])('%s is a gap that says where', async (_, text, reason) => {
  const { kubernetes } = await variant('hard-way-healthy', { 'kubernetes/services.json': text })
  expect(kubernetes.services).toMatchObject({
    gap: true,
    source: 'kubernetes/services.json',
    reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
  })
})

test('values are read once and frozen through and through', async () => {
  const evidence = await fixture('hard-way-healthy')
  const { services } = evidence.kubernetes
  expect(evidence.kubernetes.services).toBe(services)
  expect(evidence.node('worker-1')).toBe(evidence.node('worker-1'))
  expect(
    !isGap(services) && services.every((service) => Object.isFrozen(service) && Object.isFrozen(service.spec?.ports)),
  ).toBe(true)
})

test('a gap that the collection explained keeps its explanation', async () => {
  const evidence = await variant('hard-way-healthy', {
    'bundle.json': editJson((manifest: Json) => {
      manifest.gaps = [{ source: 'aws/describe-network-acls.json', reason: 'ec2:DescribeNetworkAcls was denied' }]
    }),
    'aws/describe-network-acls.json': null,
  })
  expect(evidence.aws.networkAcls).toMatchObject({ reason: 'ec2:DescribeNetworkAcls was denied' })
})
