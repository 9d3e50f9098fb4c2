import { describe, expect, test } from '@jest/globals'
import check from '../../../src/checks/forwarding/route-quota.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const noRouteCreated = { type: 'NetworkUnavailable', status: 'True', reason: 'NoRouteCreated' }

const filled = (count: number, drop: string | null, unmade: readonly string[] = [], pods: readonly string[] = []) =>
  edited('hard-way-healthy', {
    nodes: (nodes) => {
      for (const { metadata, status } of nodes)
        if (unmade.includes(metadata.name)) status.conditions.push(noRouteCreated)
    },
    slices: (slices) => {
      for (const slice of slices)
        slice.endpoints = slice.endpoints.filter(({ nodeName }: Json) => pods.length === 0 || pods.includes(nodeName))
    },
    tables: (tables) => {
      const table = byId(tables, ids.table)
      table.Routes = table.Routes.filter((route: Json) => route.DestinationCidrBlock !== drop)
      while (table.Routes.length < count)
        table.Routes.push({
          DestinationCidrBlock: `10.9.${String(table.Routes.length)}.0/24`,
          NatGatewayId: 'nat-1',
          Origin: 'CreateRoute',
        })
    },
  })

test('passes, with a remark near the quota: it is advice', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
  expect(says(check, await filled(47, null))).toEqual([
    'pass',
    `${ids.table} has 47 routes of one family that nobody propagates, near the quota of 50 that an account begins with.`,
  ])
  expect(says(check, await filled(50, null))[0]).toBe('pass')
})

test('warns where the table is full and a node has no route', async () => {
  const [status, text] = says(check, await filled(50, '10.200.3.0/24'))
  expect(status).toBe('warn')
  expect(text).toMatch(/and none to the pods of worker-1\.$/)
})

describe('where the route controller could make no route, the full table is what to mend', () => {
  test.each([
    ['worker-1', '10.200.3.0/24'],
    ['worker-0', '10.200.2.0/24'],
  ])('%s, with all pods on it: the cause, and what the node says of itself follows from it', async (node, range) => {
    const evidence = await filled(50, range, [node], [node])
    const { causes } = diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50')
    expect(causes.map(({ id }) => id)).toEqual(['forwarding/route-quota'])
    expect(causes[0]?.says).toContain(
      `could make none either (NoRouteCreated), so nothing reaches the pods on ${node}.`,
    )
    expect(causes[0]?.consequences.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['forwarding/cni-ready', 'forwarding/pod-route']),
    )
  })

  test('with a part of the pods on it: a part of the packets is lost', async () => {
    const { verdict, causes } = diagnosisOf(await filled(50, '10.200.3.0/24', ['worker-1']), '10.240.0.100:80')
    expect([verdict, causes]).toEqual(['inconclusive', []])
  })

  test('with no pod of the Service on it: a warning', async () => {
    const evidence = await filled(50, '10.200.3.0/24', ['worker-1'], ['worker-0'])
    expect(says(check, evidence)[0]).toBe('warn')
  })

  test('with room in the table: the node’s condition is a cause of its own', async () => {
    const evidence = await filled(10, '10.200.3.0/24', ['worker-1'], ['worker-1'])
    expect(diagnosisOf(evidence, '10.240.0.100:80').causes.map(({ id }) => id)).toContain('forwarding/cni-ready')
  })
})
