import { expect, test } from '@jest/globals'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { gateOf, strictPolicy, weighForGate, type Gate, type Policy } from '../../src/diagnosis/gate.ts'
import { withCaptures } from '../capture/captures.ts'
import { judge } from '../kit/answers.ts'
import { fixture, variant } from '../kit/fixtures.ts'

function gate(evidence: Evidence, policy: Partial<Policy>): Gate {
  const whole = { ...strictPolicy, ...policy }
  const answer = judge(evidence, [])
  return gateOf(whole, { ...answer, diagnoses: answer.diagnoses.map((diagnosis) => weighForGate(whole, diagnosis)) })
}

const unread = (...files: readonly string[]) =>
  variant('hard-way-healthy', Object.fromEntries(files.map((file) => [file, null])))
const owned = { id: 'delivery/vip-not-owned', subject: 'vip/10.240.*', reason: 'Not in use yet.', until: null }

test.each([
  [
    'a healthy VIP',
    () => fixture('hard-way-healthy'),
    {},
    0,
    'reachable',
    '10.240.0.100:80 (default/nginx-lb) can be reached',
  ],
  [
    'a cause',
    () => fixture('hard-way-l2'),
    {},
    1,
    'unreachable',
    '10.240.0.100:80 (default/nginx-lb) cannot be reached: delivery/vip-not-owned',
  ],
  ['a warning that nobody asked to fail on', () => fixture('not-advertised'), {}, 0, 'reachable', /can be reached$/],
  [
    'a warning where that was asked',
    () => fixture('not-advertised'),
    { failOn: 'warn' },
    1,
    'warning',
    /^--fail-on warn, and of 10\.240\.0\.100:80 \(default\/nginx-lb\) announcement\/l2-advertisement warns$/,
  ],
  [
    'a gap that hides something on the way',
    () => unread('aws/describe-network-interfaces.json'),
    {},
    3,
    'unknown',
    'it is not known whether 10.240.0.100:80 (default/nginx-lb) can be reached',
  ],
  [
    'the same where that is allowed',
    () => unread('aws/describe-network-interfaces.json'),
    { allowUnknown: true },
    0,
    'unknown-allowed',
    /, and --allow-unknown allows that$/,
  ],
  [
    'a required hop that is not known, although that is allowed',
    () => unread('aws/describe-network-interfaces.json'),
    { allowUnknown: true, required: ['translation', 'delivery'] },
    3,
    'required-unknown',
    '--require, and delivery of 10.240.0.100:80 (default/nginx-lb) is not known',
  ],
  [
    'required hops that are known',
    () => fixture('hard-way-healthy'),
    { required: ['delivery', 'return'] },
    0,
    'reachable',
    /./,
  ],
  [
    'a required capture that is not there',
    () => fixture('hard-way-healthy'),
    { required: ['wire'] },
    3,
    'required-unknown',
    /^--require, and wire of /,
  ],
  [
    'a required capture that is there',
    () => withCaptures('hard-way-healthy', { 'client/arp': 'vpc-owned-client' }),
    { required: ['wire'] },
    0,
    'reachable',
    /./,
  ],
  [
    'a listing that may name more VIPs',
    () => unread('kubernetes/pods.json'),
    { required: ['assignment'] },
    3,
    'required-unknown',
    '--require, and it is not known which VIPs there are',
  ],
  [
    'an accepted cause',
    () => fixture('hard-way-l2'),
    { acceptances: [owned] },
    0,
    'accepted',
    'what stops the packets to 10.240.0.100:80 (default/nginx-lb) is accepted',
  ],
  [
    'an accepted cause beside others',
    () => fixture('hard-way-four-faults'),
    { acceptances: [owned] },
    1,
    'unreachable',
    /cannot be reached: admission\/service-port, translation\/kube-proxy-running and forwarding\/cni-ready$/,
  ],
  [
    'an accepted cause where it is not known which VIPs there are',
    () => variant('hard-way-l2', { 'kubernetes/pods.json': null }),
    { acceptances: [owned] },
    3,
    'unknown',
    'it is not known which VIPs there are',
  ],
  [
    'an accepted warning',
    () => fixture('not-advertised'),
    { failOn: 'warn', acceptances: [{ ...owned, id: 'announcement/l2-advertisement', subject: '*' }] },
    0,
    'reachable',
    /./,
  ],
] as const)('%s: exit code and why', async (_, evidence, policy, exitCode, reason, because) => {
  const found = gate(await evidence(), policy)
  expect(found).toMatchObject({ exitCode, reason })
  expect(found.because).toMatch(because)
})

test('acceptance never turns the verdict', async () => {
  const answer = judge(await fixture('hard-way-l2'), [])
  expect(gate(await fixture('hard-way-l2'), { acceptances: [owned] }).exitCode).toBe(0)
  expect(answer.verdict).toBe('unreachable')
})

test('an acceptance names the VIPs for which it counted', async () => {
  const { accepted, warnings } = gate(await fixture('hard-way-l2'), { acceptances: [owned] })
  expect(accepted).toEqual([{ ...owned, vips: ['10.240.0.100:80 (default/nginx-lb)'] }])
  expect(warnings).toEqual([])
})

test.each([
  [
    'is over',
    { acceptances: [{ ...owned, until: '2026-01-31' }], day: '2026-02-01' },
    'The acceptance of delivery/vip-not-owned for vip/10.240.* ended on 2026-01-31: it does not count any more.',
  ],
  [
    'has an end, and the evidence no day',
    { acceptances: [{ ...owned, until: '2026-01-31' }], day: null },
    'The acceptance of delivery/vip-not-owned for vip/10.240.* ends on 2026-01-31, and the evidence does not say when it was gathered: it does not count.',
  ],
  [
    'is about another subject: a dot is no pattern',
    { acceptances: [{ ...owned, subject: 'vip/10.240.0.1.0' }] },
    'The acceptance of delivery/vip-not-owned for vip/10.240.0.1.0 covers nothing that was found.',
  ],
])('an acceptance that %s is a warning, and the cause counts', async (_, policy, warning) => {
  expect(gate(await fixture('hard-way-l2'), policy)).toMatchObject({ exitCode: 1, accepted: [], warnings: [warning] })
})

test.each([
  ['vip/10.240.0.100', true],
  ['*', true],
  ['vip/*.0.1*0', true],
  ['*vip*100*', true],
  ['vip/10.240.0.100*', true],
  ['vip/*0.100*0', false],
  ['*100vip*', false],
  ['ip/*', false],
  ['vip', false],
  // As a regular expression this took for ever.
  [`vip/${'*0'.repeat(40)}x`, false],
])('%s is the subject vip/10.240.0.100: %s', async (subject, covered) => {
  const { exitCode } = gate(await fixture('hard-way-l2'), { acceptances: [{ ...owned, subject }] })
  expect(exitCode).toBe(covered ? 0 : 1)
})

test('an acceptance holds on its last day', async () => {
  const policy = { acceptances: [{ ...owned, until: '2026-01-31' }], day: '2026-01-31' }
  expect(gate(await fixture('hard-way-l2'), policy)).toMatchObject({ exitCode: 0, warnings: [] })
})
