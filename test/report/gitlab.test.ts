import { expect, test } from '@jest/globals'
import { strictPolicy } from '../../src/diagnosis/gate.ts'
import { gitlab } from '../../src/report/gitlab.ts'
import { reported } from '../kit/answers.ts'
import { fixture } from '../kit/fixtures.ts'
import { hostileEvidence, ofEachKind } from '../kit/report-evidence.ts'
import { gitlabComplaints } from '../kit/valid-reports.ts'

test('GitLab can read each kind of recording and a hostile name, and tells every issue from the others', async () => {
  const texts: string[] = []
  for (const name of ofEachKind) texts.push(reported(await fixture(name), 'gitlab'))
  texts.push(reported(await hostileEvidence(), 'gitlab'))
  for (const issues of texts.map((text) => JSON.parse(text))) {
    expect(gitlabComplaints(issues)).toEqual([])
    expect(new Set(issues.map(({ fingerprint }: { fingerprint: string }) => fingerprint)).size).toBe(issues.length)
  }
})

test('causes come first and weigh most; what is accepted is information', async () => {
  const issues = JSON.parse(reported(await fixture('hard-way-four-faults'), 'gitlab'))
  expect(
    issues.map(({ severity, check_name }: Record<string, string>) => `${severity} ${check_name}`).slice(0, 5),
  ).toEqual([
    'critical delivery/vip-not-owned',
    'critical admission/service-port',
    'critical translation/kube-proxy-running',
    'critical forwarding/cni-ready',
    expect.stringMatching(/^major /),
  ])
  const acceptances = [{ id: 'delivery/vip-not-owned', subject: '*', reason: 'Not in use yet.', until: null }]
  const [one] = JSON.parse(
    reported(await fixture('hard-way-l2'), 'gitlab', { policy: { ...strictPolicy, acceptances } }),
  )
  expect(one).toMatchObject({ severity: 'info', description: expect.stringContaining('Accepted: Not in use yet.') })
})

test('a failed set-up is one issue that blocks', () => {
  const issues = JSON.parse(
    gitlab.failed({ exitCode: 2, message: 'There is no bundle.', suggestion: null }, { name: 'v', version: '0' }),
  )
  expect(gitlabComplaints(issues)).toEqual([])
  expect(issues).toHaveLength(1)
  expect(issues[0]).toMatchObject({ severity: 'blocker', description: 'There is no bundle.' })
})

test('each issue says as what the network was judged', async () => {
  const bodies = async (name: string, options = {}) => [
    ...new Set<string>(
      JSON.parse(reported(await fixture(name), 'gitlab', options)).map(
        ({ content }: { content: { body: string } }) => content.body,
      ),
    ),
  ]
  expect(await bodies('hard-way-four-faults')).toEqual([
    'Judged as EC2, because its account was read: AWS 123456789012, us-east-1.',
  ])
  expect(await bodies('hard-way-four-faults', { fabric: 'lan' })).toEqual([
    'Judged as a LAN, because --fabric says so. The evidence says EC2, because its account was read; what --fabric says was judged.',
  ])
})
