import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../../src/evidence/user-error.ts'
import { fabricOf, isEc2Uuid } from '../../../src/fabric/recognise.ts'
import { editJson, fixture, fixtureNames, truthOf, variant, type Json } from '../../kit/fixtures.ts'

describe('fabricOf', () => {
  test.each(fixtureNames)('%s is told from its evidence', async (name) => {
    const { fabric } = await truthOf(name)
    expect(fabricOf(await fixture(name))).toBe(fabric ?? 'ec2')
  })

  const withoutAws = (edit: (nodes: Json[]) => void) =>
    variant('hard-way-healthy', {
      'aws/': null,
      'kubernetes/nodes.json': editJson((list: Json) => {
        edit(list.items)
      }),
    })

  test('tells EC2 by the system UUID where no account was asked', async () => {
    expect(fabricOf(await withoutAws(() => undefined))).toBe('ec2')
  })

  test('tells EC2 by the provider id', async () => {
    const evidence = await withoutAws((nodes) => {
      for (const node of nodes) {
        node.spec.providerID = 'aws:///us-east-1a/i-0123'
        node.status.nodeInfo.systemUUID = '4c4c4544-0000-1000-8000-000000000000'
      }
    })
    expect(fabricOf(evidence)).toBe('ec2')
  })

  test('asks for --fabric where the nodes disagree', async () => {
    const evidence = await withoutAws((nodes) => {
      nodes[3].status.nodeInfo.systemUUID = '4c4c4544-0000-1000-8000-000000000000'
    })
    expect(() => fabricOf(evidence)).toThrow(UserError)
    expect(() => fabricOf(evidence)).toThrow(/controller-0, controller-1, worker-0 say EC2, worker-1 say/)
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
