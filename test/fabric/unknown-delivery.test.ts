import { describe, expect, test } from '@jest/globals'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { fabrics } from '../../src/fabric/index.ts'
import { diagnosisOf } from '../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../kit/fixtures.ts'

/** A recording of a LAN whose nodes say something else of where they stand. */
const standing = (edit: (node: Json) => void, name = 'lan-healthy', changes: Readonly<Record<string, Change>> = {}) =>
  variant(name, {
    'kubernetes/nodes.json': editJson((list: Json) => {
      list.items.forEach(edit)
    }),
    ...changes,
  })
const onAzure = (node: Json): void => {
  node.spec.providerID = 'azure:///subscriptions/0/virtualMachines/vm-0'
}
const nowhere = (node: Json): void => {
  delete node.status.nodeInfo.systemUUID
}
const judged = (evidence: Evidence) => diagnosisOf(evidence, '10.240.0.100:80')

describe.each([
  [
    'a cloud',
    onAzure,
    'delivery/cloud-without-arp',
    /machines of Azure, and nothing .* whether its network hands 10\.240\.0\.100 to one of them/,
  ],
  [
    'nothing that is known',
    nowhere,
    'delivery/vip-aligned-with-subnet',
    /It is not known what carries 10\.240\.0\.100 to a node: .*--fabric/,
  ],
])('on %s', (_, edit, id, why) => {
  test('a cluster that is healthy on a LAN is not called reachable, and the one thing not known is delivery', async () => {
    const { verdict, path, findings } = judged(await standing(edit))
    expect(verdict).toBe('inconclusive')
    expect(path.find(({ hop }) => hop === 'delivery')).toMatchObject({
      hop: 'delivery',
      status: 'unknown',
      says: expect.stringMatching(why),
    })
    expect(findings.filter(({ status }) => status === 'unknown' || status === 'fail').map(({ id }) => id)).toEqual([id])
  })

  test('silence stops no packet for certain: a missing advertisement warns', async () => {
    const { verdict, causes, findings } = judged(await standing(edit, 'lan-not-advertised'))
    expect([verdict, causes]).toEqual(['inconclusive', []])
    expect(findings.find(({ id }) => id === 'announcement/l2-advertisement')).toMatchObject({
      status: 'warn',
      says: expect.stringMatching(/Whether packets hang on an announcement/),
    })
  })

  test('what stops the packet on every node is still a cause', async () => {
    const { verdict, causes } = judged(
      await standing(edit, 'lan-healthy', {
        'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
          for (const slice of list.items)
            if (slice.metadata.labels?.['kubernetes.io/service-name'] === 'nginx-lb') slice.endpoints = []
        }),
      }),
    )
    expect([verdict, causes[0]?.id]).toEqual(['unreachable', 'endpoint/ready'])
  })

  test('no check of a VPC or of a LAN says a word of its own', async () => {
    const { findings } = judged(await standing(edit))
    for (const id of ['admission/service-port', 'delivery/vip-not-owned', 'delivery/address-in-use'])
      expect(findings.find((one) => one.id === id)).toMatchObject({
        status: 'skipped',
        says: expect.stringMatching(/delivers and lets in/),
      })
  })
})

test('each fabric has a name of its own, and says why its delivery is unknown where it is', () => {
  expect(new Set(fabrics.map(({ name }) => name)).size).toBe(fabrics.length)
  for (const { delivery, words } of fabrics) expect(words.unclear !== undefined).toBe(delivery === 'unknown')
})
