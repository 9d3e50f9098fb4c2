import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/evidence/user-error.ts'
import { isEc2Uuid } from '../../src/fabric/ec2/fabric.ts'
import { recognisedFabric } from '../../src/fabric/recognise.ts'
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
