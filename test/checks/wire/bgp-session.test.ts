import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import check from '../../../src/checks/wire/bgp-session.ts'
import type { Evidence } from '../../../src/evidence/evidence.ts'
import { capturePath } from '../../capture/captures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { advertisement, byBgp, nodeNames, peer, type Bgp } from '../../kit/bgp.ts'
import { fixture, variant } from '../../kit/fixtures.ts'

/** The speaker of the recorded sessions. */
const speaker = 'worker-0'
const only = { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': speaker } }] }

/** A LAN on which BGP alone announces, with what a node (or a host beside it) heard of a session. */
const heard = (place: string, capture: string, bgp: Bgp = {}): Promise<Evidence> =>
  variant('lan-healthy', {
    ...byBgp({ peers: [peer('router', '10.240.0.50')], ...bgp }),
    [`captures/${place}/eth0.pcap`]: readFileSync(capturePath(capture)),
  })

test('passes where the session carries a prefix that covers the VIP', async () => {
  const [finding] = runCheck(check, ask(await heard(speaker, 'bgp-established'), { fabric: 'lan' }))
  expect(finding).toMatchObject({
    status: 'pass',
    reason: 'announced',
    says: expect.stringMatching(/AS 64512 and AS 64513\) is established; .* that covers 10\.240\.0\.100\.$/),
  })
})

test.each([
  ['bgp-refused', 'refused', /^10\.240\.0\.50 refuses 10\.240\.0\.20: nobody listens on its port 179/],
  ['bgp-wrong-asn', 'rejected', /ended the session .* with .*Bad Peer AS.*it expects another number than AS 64512/],
])('of several speakers one that is not heard is a warning: %s', async (capture, reason, sentence) => {
  const [finding] = runCheck(check, ask(await heard(speaker, capture), { fabric: 'lan' }))
  expect(finding).toMatchObject({ status: 'warn', reason, blocks: false, says: expect.stringMatching(sentence) })
})

test('where nobody else announces it is the cause, though no speaker’s metrics were read', async () => {
  const evidence = await heard(speaker, 'bgp-refused', {
    advertisements: [advertisement('bgp', only)],
    reporting: [speaker],
  })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes.map(({ id, reason }) => [id, reason])]).toEqual([
    'unreachable',
    [['wire/bgp-session', 'no-peer-told']],
  ])
})

test('a VIP whose prefix was withdrawn on the wire is a warning', async () => {
  const moves = (text: string): string => text.replaceAll('10.240.0.100', '10.240.0.101')
  const evidence = await variant('lan-healthy', {
    ...byBgp({ peers: [peer('router', '10.240.0.50')] }),
    'kubernetes/services.json': moves,
    'kubernetes/ipaddresspools.metallb.io.json': moves,
    [`captures/${speaker}/eth0.pcap`]: readFileSync(capturePath('bgp-established')),
  })
  expect(runCheck(check, ask(evidence, { fabric: 'lan', target: '10.240.0.101' }))[0]).toMatchObject({
    status: 'warn',
    reason: 'not-announced',
    says: expect.stringMatching(/nothing that covers 10\.240\.0\.101\.$/),
  })
})

test('what another node heard of it is not judged, and what a host beside them heard is', async () => {
  const other = nodeNames.find((name) => name !== speaker) ?? ''
  expect(says(check, await heard(other, 'bgp-established'), { fabric: 'lan' })[0]).toBe('skipped')
  expect(says(check, await heard('client', 'bgp-established'), { fabric: 'lan' })[0]).toBe('pass')
})

test('says that no capture has a word of BGP', async () => {
  expect(says(check, await heard(speaker, 'metallb-announce-client'), { fabric: 'lan' })).toEqual([
    'skipped',
    'No capture has a word between a peer and a node that should announce 10.240.0.100 by BGP.',
  ])
})

test('does not apply where ARP announces', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })[0]).toBe('skipped')
})
