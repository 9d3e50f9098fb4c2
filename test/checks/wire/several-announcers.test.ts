import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import check from '../../../src/checks/wire/several-announcers.ts'
import { capturePath, withCaptures } from '../../capture/captures.ts'
import { editJson, fixture, variant, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { diagnosisOf } from '../../kit/answers.ts'

test('fails where a stranger answers beside the announcer, and names it', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/stranger': 'stranger-client' })
  const [draft] = runCheck(check, ask(evidence, { fabric: 'lan' }))
  expect(draft).toMatchObject({
    status: 'fail',
    partial: true,
    says: expect.stringMatching(/0a:58:0a:f0:00:4d is no node of this cluster: another host uses the address\.$/),
  })
})

test('a VIP that is claimed by several is not called reachable', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/stranger': 'stranger-client' })
  expect(diagnosisOf(evidence, '10.240.0.100').verdict).toBe('inconclusive')
})

describe('two nodes of the cluster that claim it', () => {
  /** The capture of two announcers, as if it were of the recording's VIP; both have it on an interface where `bound` says so. */
  const claimed = (bound: readonly string[]) => {
    const has = editJson((links: Json) => {
      const own = { family: 'inet', local: '10.240.0.100', prefixlen: 32, scope: 'global' }
      links.find(({ ifname }: Json) => ifname === 'eth0').addr_info.push(own)
    })
    const capture = readFileSync(capturePath('two-announcers-client')).toString('latin1')
    const ofVip = capture.replaceAll('\x0a\xf0\x00\x67', '\x0a\xf0\x00\x64')
    return variant('lan-healthy', {
      'captures/client/two.pcap': Buffer.from(ofVip, 'latin1'),
      ...Object.fromEntries(bound.map((node) => [`nodes/${node}/ip-addr.json`, has])),
    })
  }

  test('leave the verdict to what each of them does with the packet, where that is judged', async () => {
    const { verdict, possibleCauses } = diagnosisOf(await claimed(['controller-1', 'worker-0']), '10.240.0.100')
    expect(verdict).toBe('reachable')
    expect(possibleCauses.map(({ id }) => id)).toContain('wire/several-announcers')
  })

  test('leave it open where one of them is not to receive the packet', async () => {
    expect(diagnosisOf(await claimed([]), '10.240.0.100').verdict).toBe('inconclusive')
  })
})

test('passes where one node claims it, and with it the healthy cluster stays reachable', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/announce': 'metallb-announce-client' })
  expect(says(check, evidence, { fabric: 'lan' })[0]).toBe('pass')
  expect(diagnosisOf(evidence, '10.240.0.100').verdict).toBe('reachable')
})

test('does not apply without a capture', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })[0]).toBe('skipped')
})
