import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/evidence/user-error.ts'
import { isEc2Uuid } from '../../src/fabric/ec2/fabric.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { checks } from '../../src/checks/index.ts'
import { answer } from '../../src/diagnosis/diagnose.ts'
import { questionsFor } from '../../src/diagnosis/targets.ts'
import { judgedFabric, recognisedFabric } from '../../src/fabric/recognise.ts'
import { plain } from '../../src/report/paint.ts'
import { ordinary, textReporter } from '../../src/report/text/text.ts'
import { printed } from '../kit/answers.ts'
import { editJson, fixture, fixtureNames, truthOf, variant, type Json } from '../kit/fixtures.ts'

describe('recognisedFabric', () => {
  test.each(fixtureNames)('%s is told from its evidence', async (name) => {
    const { fabric } = await truthOf(name)
    expect(recognisedFabric(await fixture(name))).toBe(fabric ?? 'ec2')
  })

  const withoutAws = (edit: (nodes: Json[]) => void) =>
    variant('hard-way-healthy', {
      'aws/': null,
      'kubernetes/nodes.json': editJson((list: Json) => {
        edit(list.items)
      }),
    })

  test('tells EC2 by the system UUID where no account was asked', async () => {
    expect(recognisedFabric(await withoutAws(() => undefined))).toBe('ec2')
  })

  test('does not say that an account was read that gave nothing', async () => {
    const evidence = await variant('hard-way-healthy', { 'aws/': null, 'aws/region.txt': 'us-east-1\n' })
    expect(judgedFabric(evidence, 'ec2')).toMatchObject({
      name: 'ec2',
      because: 'account-asked',
      says: 'an account was asked',
    })
    expect(judgedFabric(await fixture('hard-way-healthy'), 'ec2').because).toBe('account-read')
  })

  test('tells EC2 by the provider id', async () => {
    const evidence = await withoutAws((nodes) => {
      for (const node of nodes) {
        node.spec.providerID = 'aws:///us-east-1a/i-0123'
        node.status.nodeInfo.systemUUID = '4c4c4544-0000-1000-8000-000000000000'
      }
    })
    expect(recognisedFabric(evidence)).toBe('ec2')
  })

  test('asks for --fabric where the nodes disagree', async () => {
    const evidence = await withoutAws((nodes) => {
      nodes[3].status.nodeInfo.systemUUID = '4c4c4544-0000-1000-8000-000000000000'
    })
    expect(() => recognisedFabric(evidence)).toThrow(UserError)
    expect(() => recognisedFabric(evidence)).toThrow(/controller-0, controller-1, worker-0 say EC2, worker-1 say a LAN/)
  })

  /** lan-healthy with other provider ids and system UUIDs on its nodes. */
  const nodesWith = (edit: (node: Json, at: number) => void) =>
    variant('lan-healthy', {
      'kubernetes/nodes.json': editJson((list: Json) => {
        list.items.forEach(edit)
      }),
    })

  test.each([
    ['azure:///subscriptions/0/resourceGroups/k8s/providers/Microsoft.Compute/virtualMachines/vm-0', 'azure'],
    ['gce://project/europe-west1-b/node-0', 'gce'],
    ['digitalocean://12345', 'digitalocean'],
    ['hcloud://12345', 'hcloud'],
    ['openstack:///0277030b-6674-4967-b2b7-ab0a4d7e0ca3', 'openstack'],
    ['vsphere://420f5c2c-0000-0000-0000-000000000000', 'vsphere'],
    ['ocid1.instance.oc1.eu-frankfurt-1.abc', 'oci'],
    ['equinixmetal://4a0c7d2b', 'equinixmetal'],
    ['nobodys-cloud://1', 'unknown'],
    // What writes its own scheme everywhere says nothing of the network.
    ['k3s://node-0', 'lan'],
    ['kind://docker/kind/kind-worker', 'lan'],
    ['', 'lan'],
  ])('nodes with the provider id %s stand on %s', async (providerID, fabric) => {
    const evidence = await nodesWith((node) => {
      node.spec.providerID = providerID
    })
    expect(recognisedFabric(evidence)).toBe(fabric)
  })

  test('nodes that say nothing at all stand on no LAN', async () => {
    const evidence = await nodesWith((node) => {
      delete node.status.nodeInfo.systemUUID
    })
    expect(recognisedFabric(evidence)).toBe('unknown')
    expect(recognisedFabric(await variant('lan-healthy', { 'kubernetes/nodes.json': null }))).toBe('unknown')
  })

  test('a cloud that one node names holds for those that its controller has not reached, two clouds for none', async () => {
    const named = (names: readonly string[]) =>
      nodesWith((node, at) => {
        const name = names[at]
        if (name !== undefined) node.spec.providerID = `${name}://1`
      })
    expect(recognisedFabric(await named(['azure']))).toBe('azure')
    expect(recognisedFabric(await named(['azure', 'gce']))).toBe('unknown')
  })
})

test.each([
  ['ec2e1916-9099-7caf-fd21-012345abcdef', true],
  ['EC2E1916-9099-7CAF-FD21-012345ABCDEF', true],
  ['45e12aec-dcd1-b213-94ed-012345abcdef', true],
  ['45E12AEC-DCD1-B213-94ED-012345ABCDEF', true],
  ['4c4c4544-0054-3710-8047-b8c04f565831', false],
  ['2ce00000-0000-0000-0000-000000000000', false],
  ['', false],
])('%s is an EC2 UUID: %s', (uuid, expected) => {
  expect(isEc2Uuid(uuid)).toBe(expected)
})

describe('judgedFabric says why', () => {
  const without = (edit: (node: Json, at: number) => void) =>
    variant('hard-way-healthy', {
      'aws/': null,
      'kubernetes/nodes.json': editJson((list: Json) => {
        list.items.forEach(edit)
      }),
    })
  const nothing = (node: Json): void => {
    node.status.nodeInfo.systemUUID = ''
    node.spec.providerID = ''
  }
  const named =
    (...schemes: readonly string[]) =>
    (node: Json, at: number) => {
      node.spec.providerID = `${schemes[at % schemes.length] ?? ''}://machine`
      node.status.nodeInfo.systemUUID = '4c4c4544-0000-1000-8000-000000000000'
    }
  test.each<[string, () => Promise<Evidence>, string, string, string]>([
    ['an account', () => fixture('hard-way-healthy'), 'ec2', 'account-read', 'its account was read'],
    ['system UUIDs', () => without(() => undefined), 'ec2', 'system-uuid', 'the system UUID of 4 nodes says so'],
    ['provider ids', () => without(named('gce')), 'gce', 'provider-id', 'the provider id of 4 nodes says so'],
    ['nodes without a cloud', () => fixture('lan-healthy'), 'lan', 'no-cloud-named', '4 nodes name no cloud'],
    [
      'two clouds',
      () => without(named('azure', 'gce')),
      'unknown',
      'several-named',
      'the nodes name Azure and Google Cloud',
    ],
    [
      'a provider that nobody knows',
      () => without(named('mycloud')),
      'unknown',
      'provider-not-known',
      '4 nodes name a provider that is not known here',
    ],
    [
      'nothing',
      () => without(nothing),
      'unknown',
      'nothing-said',
      'no account was read, and no node says where it stands',
    ],
  ])('%s', async (_, evidence, name, because, says) => {
    expect(judgedFabric(await evidence(), null)).toEqual({ name, because, says, warning: null })
  })

  test.each([
    ['hard-way-healthy', 'lan', 'The evidence says EC2, because its account was read; what --fabric says was judged.'],
    ['lan-healthy', 'ec2', 'The evidence says a LAN, because 4 nodes name no cloud; what --fabric says was judged.'],
  ] as const)('%s judged as %s warns', async (bundle, name, warning) => {
    expect(judgedFabric(await fixture(bundle), name)).toEqual({
      name,
      because: 'told',
      says: '--fabric says so',
      warning,
    })
  })

  test('what the evidence says too, or does not know, is no reason to warn', async () => {
    expect(judgedFabric(await fixture('lan-healthy'), 'lan')).toMatchObject({
      because: 'no-cloud-named',
      warning: null,
    })
    expect(judgedFabric(await without(nothing), 'lan')).toMatchObject({ because: 'told', warning: null })
  })
})

test('a report says as what it was judged, and that the evidence says another', async () => {
  const asked = { client: { kind: 'vpc' }, fabric: 'lan', vpcId: null } as const
  const evidence = await fixture('hard-way-l2')
  const { questions } = questionsFor(evidence, [], asked)
  const text = printed(
    answer(checks, evidence, questions, []),
    textReporter(plain, ordinary, { from: 'bundle', path: 'bundle.tar.gz' }),
  )
  expect(text.split('\n').slice(-5)).toEqual([
    'The evidence says EC2, because its account was read; what --fabric says was',
    'judged.',
    'Judged as a LAN, because --fabric says so.',
    expect.stringMatching(/^Exit code \d: /),
    '',
  ])
})
