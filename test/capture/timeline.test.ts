import { expect, test } from '@jest/globals'
import { timelineOf } from '../../src/capture/timeline.ts'
import { parseAddress } from '../../src/net/address.ts'
import { captureTruth, messagesIn } from './captures.ts'

function timeline(name: string, scenario: string) {
  const vip = parseAddress(captureTruth[scenario].vip)
  if (vip === null) throw new Error(`${scenario} has no VIP`)
  return timelineOf(messagesIn(name), vip)
}

test('an announcement is told apart from an answer, and from the question', () => {
  const { events, claimants, conflicts } = timeline('metallb-announce-speaker-node', 'metallb-announce')
  expect(claimants).toEqual([captureTruth['metallb-announce'].macs['controller-0']])
  // MetalLB sends each as a request and as a reply.
  expect(events.map(({ what }) => what)).toEqual([...Array<string>(10).fill('announced'), 'asked', 'answered'])
  expect(conflicts).toEqual([])
})

test('a takeover is no conflict: the old holder never claims again', () => {
  const { claimants, conflicts } = timeline('metallb-failover-client', 'metallb-failover')
  expect(claimants).toHaveLength(2)
  expect(conflicts).toEqual([])
})

test('two that claim by turns are a conflict from the first claim to the last', () => {
  const { claimants, conflicts, events } = timeline('two-announcers-client', 'two-announcers')
  expect(claimants).toHaveLength(2)
  expect(conflicts).toHaveLength(1)
  const claims = events.filter(({ what }) => what !== 'asked').map(({ seconds }) => seconds)
  expect(conflicts[0]?.from).toBeGreaterThanOrEqual(claims[0] ?? NaN)
  expect(conflicts[0]?.to).toBeLessThanOrEqual(claims.at(-1) ?? NaN)
  expect((conflicts[0]?.to ?? 0) - (conflicts[0]?.from ?? 0)).toBeGreaterThan(1)
})

test('times count from the first message of the capture, in seconds', () => {
  const { seconds, events } = timeline('vpc-unowned-client', 'vpc-unowned')
  expect(events).toHaveLength(6)
  expect(events[0]?.seconds).toBeLessThan(0.1)
  expect(seconds).toBeGreaterThan(events[5]?.seconds ?? NaN)
})
