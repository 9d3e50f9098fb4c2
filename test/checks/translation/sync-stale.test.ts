import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/sync-stale'
const metrics = 'nodes/controller-0/kube-proxy-metrics.txt'
const healthz = 'nodes/controller-0/healthz-10256.json'

/** A change that was queued so long ago, and a sync that was an hour ago. */
const queued = (secondsAgo: number) => {
  const now = Date.parse('2026-11-21T06:36:16Z') / 1000
  return variant('hard-way-healthy', {
    [metrics]: (text: string) =>
      text
        .replace(/(last_queued_timestamp_seconds\{ip_family="IPv4"\}) \S+/, `$1 ${String(now - secondsAgo)}`)
        .replace(/(last_timestamp_seconds\{ip_family="IPv4"\}) \S+/, `$1 ${String(now - 3600)}`),
  })
}

test.each([
  'hard-way-healthy',
  'nftables',
  'ipvs',
  'kube-proxy-1.23-iptables',
  'kube-proxy-1.29-iptables',
  'no-endpoints',
])('%s: every change is written, however long ago', async (name) => {
  expect(await foundIn(name, id)).toEqual([
    ['pass', expect.stringMatching(/^kube-proxy on \S+ has written every change that it got\.$/)],
  ])
})

test('a change that waits for minutes is a warning, and the verdict is the rules’', async () => {
  const late = await queued(300)
  expect(found(late, id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        /^A change has waited for 30\d s on controller-0 and kube-proxy has not written it: the rules are older than what the API server says\.$/,
      ),
    ],
  ])
  expect(diagnosisOf(late, 'default/nginx-lb').verdict).toBe('reachable')
})

test('a change of a moment ago is no fault', async () => {
  expect(found(await queued(5), id)[0]?.[0]).toBe('pass')
})

test('a kube-proxy that never wrote is told from one that has nothing to write', async () => {
  const evidence = await variant('hard-way-healthy', {
    [metrics]: (text) => text.replace(/(last_timestamp_seconds\{ip_family="IPv4"\}) \S+/, '$1 0'),
  })
  expect(found(evidence, id)).toEqual([
    ['warn', expect.stringContaining('kube-proxy on controller-0 has not written its rules once since it started')],
  ])
})

test('kube-proxy’s own word counts', async () => {
  const evidence = await variant('hard-way-healthy', {
    [healthz]: editJson((answer: Json) => {
      answer.status.IPv4.healthy = false
      answer.healthy = false
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'kube-proxy on controller-0 says of itself that it is not healthy: changes are waiting that it cannot write.',
    ],
  ])
})

test('metrics without the time are not known', async () => {
  const evidence = await variant('hard-way-healthy', { [metrics]: 'go_goroutines 100\n' })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})
