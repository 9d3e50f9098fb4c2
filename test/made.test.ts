import { expect, test } from '@jest/globals'
import { judge, targetOf } from './kit/answers.ts'
import { fixture, madeNames, truthOf } from './kit/fixtures.ts'

/** Healthy clusters of other systems: what is said of them, and what stays unknown. */
const healthy: Readonly<Record<string, { readonly verdict: string; readonly unknown: readonly string[] }>> = {
  'k3s-servicelb': { verdict: 'reachable', unknown: [] },
  'k3s-metallb': { verdict: 'reachable', unknown: [] },
  // What Cilium's programs do in the kernel is not in the evidence.
  'cilium-l2': { verdict: 'inconclusive', unknown: ['other-proxy-not-traced'] },
}

test('every made bundle is one of these', () => {
  expect(madeNames).toEqual(Object.keys(healthy).sort())
})

test.each(Object.entries(healthy))('%s is silent, for whoever asks', async (name, { verdict, unknown }) => {
  const truth = await truthOf(name)
  const evidence = await fixture(name)
  for (const [targets, client] of [
    [[targetOf(truth)], '10.240.0.50'],
    [[targetOf(truth)], 'vpc'],
    [[], 'vpc'],
  ] as const) {
    const answer = judge(evidence, targets, client)
    const findings = answer.diagnoses.flatMap((one) => one.findings)
    expect(findings.filter(({ status }) => status === 'fail' || status === 'warn')).toEqual([])
    expect(answer.verdict).toBe(verdict)
    const open = findings.filter(({ status, id }) => status === 'unknown' && !id.startsWith('control/'))
    expect([...new Set(open.map(({ reason }) => reason))]).toEqual(unknown)
  }
})
