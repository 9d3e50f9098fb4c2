import { describe, expect, test } from '@jest/globals'
import type { Finding } from '../../src/checks/finding.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { diagnosisOfFixture, diagnosisOf, targetOf } from '../kit/answers.ts'
import { fixtureStore, truthOf, variant, type Change } from '../kit/fixtures.ts'
import { lost } from '../kit/proofs.ts'

const slices = 'kubernetes/endpointslices.discovery.k8s.io.json'
const endpoints = 'kubernetes/endpoints.json'

type Json = ReturnType<typeof JSON.parse>

/** What `kubectl get endpoints -A -o json` prints where these slices are: one object a Service, ready addresses before others. */
async function asEndpoints(name: string): Promise<string> {
  const bytes = (await fixtureStore(name)).read(slices)
  if (isGap(bytes)) throw new Error(bytes.reason)
  const items = JSON.parse(Buffer.from(bytes).toString()).items.map((slice: Json) => {
    const of = (ready: boolean) =>
      (slice.endpoints ?? [])
        .filter(({ conditions }: Json) => (conditions?.ready ?? true) === ready)
        .flatMap(({ addresses, nodeName, targetRef }: Json) =>
          addresses.map((ip: string) => ({ ip, nodeName, ...(targetRef === undefined ? {} : { targetRef }) })),
        )
    const { namespace, labels } = slice.metadata
    return {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { namespace, name: labels['kubernetes.io/service-name'] },
      subsets: [{ addresses: of(true), notReadyAddresses: of(false), ports: slice.ports }],
    }
  })
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

const inTheirPlace = async (name: string): Promise<Readonly<Record<string, Change>>> => ({
  [slices]: null,
  [endpoints]: await asEndpoints(name),
})

const told = (findings: readonly Finding[]) =>
  findings.map(({ id, subject, status, says }) => [id, subject, status, says])

describe.each(['hard-way-healthy', 'etp-local', 'lan-ipv6', 'no-endpoints'])(
  '%s with Endpoints in the place of slices',
  (name) => {
    test('is judged alike, and each proof stands in what was read', async () => {
      const truth = await truthOf(name)
      const evidence = await variant(name, await inTheirPlace(name))
      const instead = diagnosisOf(evidence, targetOf(truth), truth.client.split(' ')[1])
      const asRecorded = await diagnosisOfFixture(name)
      expect(instead.verdict).toBe(asRecorded.verdict)
      expect(told(instead.findings)).toEqual(told(asRecorded.findings))
      const proofs = instead.findings.flatMap(({ proof }) => proof)
      expect(proofs.filter(({ file }) => file === slices)).toEqual([])
      expect(proofs.some(({ file }) => file === endpoints)).toBe(true)
      expect(proofs.flatMap((one) => lost(evidence.store, one) ?? [])).toEqual([])
    })
  },
)

test('where both were read the slices are believed', async () => {
  const evidence = await variant('hard-way-healthy', { [endpoints]: '{"kind": "List", "items": []}' })
  const { verdict, findings } = diagnosisOf(evidence, '10.240.0.100:80')
  expect(verdict).toBe('reachable')
  expect(findings.flatMap(({ proof }) => proof).filter(({ file }) => file === endpoints)).toEqual([])
})

test('slices that are damaged are replaced too, and nothing in the place of both is not known', async () => {
  const kept = await asEndpoints('hard-way-healthy')
  const judged = async (changes: Readonly<Record<string, Change>>) =>
    diagnosisOf(await variant('hard-way-healthy', changes), '10.240.0.100:80').verdict
  expect(await judged({ [slices]: '{"items": [', [endpoints]: kept })).toBe('reachable')
  expect(await judged({ [slices]: null })).toBe('inconclusive')
})

test('Endpoints that are full prove no absence', async () => {
  const full = JSON.parse(await asEndpoints('hard-way-healthy'))
  for (const { metadata, ...item } of full.items) {
    if (metadata.name === 'kubernetes') metadata.annotations = { 'endpoints.kubernetes.io/over-capacity': 'truncated' }
    if (metadata.name === 'nginx-lb') item.subsets.pop()
  }
  const text = JSON.stringify(full)
  const { findings } = diagnosisOf(
    await variant('hard-way-healthy', { [slices]: null, [endpoints]: text }),
    '10.240.0.100:80',
  )
  expect(findings.find(({ id }) => id === 'endpoint/ready')).toMatchObject({
    status: 'unknown',
    gaps: [{ source: endpoints, reason: 'not whole: kubernetes has more addresses than Endpoints hold' }],
  })
})
