import { expect, test } from '@jest/globals'
import { strictPolicy } from '../../src/diagnosis/gate.ts'
import { github } from '../../src/report/github.ts'
import { reported } from '../kit/answers.ts'
import { fixture, variant } from '../kit/fixtures.ts'
import { hostileEvidence, manyVips } from '../kit/report-evidence.ts'

interface Annotation {
  readonly kind: string
  readonly title: string
  readonly message: string
}

/** Reads workflow commands as the runner does (actions/runner, ActionCommand.cs): one a line, `%` sequences turned back. */
function annotations(text: string): Annotation[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, kind = '', properties = '', message = ''] = /^::(\w+) ([^:]*)::(.*)$/.exec(line) ?? []
      const back = (part: string) =>
        part
          .replaceAll('%0A', '\n')
          .replaceAll('%0D', '\r')
          .replaceAll('%3A', ':')
          .replaceAll('%2C', ',')
          .replaceAll('%25', '%')
      const titles = properties.split(',').filter((property) => property.startsWith('title='))
      expect(properties.split(',')).toEqual(titles)
      return { kind, title: back(titles.join('').slice('title='.length)), message: back(message) }
    })
}

test('a cause is an error with its sentence and its commands; the notice says what the job ends with', async () => {
  expect(annotations(reported(await fixture('hard-way-l2'), 'github'))).toEqual([
    {
      kind: 'error',
      title: 'delivery/vip-not-owned: 10.240.0.100:80 (default/nginx-lb)',
      message: expect.stringMatching(
        /^No network interface of [^]*\nFix \([^)]*\):\naws ec2 assign-private-ip-addresses /,
      ),
    },
    {
      kind: 'notice',
      title: 'vipdoctor',
      message:
        'Exit code 1: 10.240.0.100:80 (default/nginx-lb) cannot be reached: delivery/vip-not-owned. Judged as EC2, because its account was read: AWS 123456789012, us-east-1.',
    },
  ])
})

test('of more causes than GitHub keeps, the last annotation names those that are missing', async () => {
  const told = annotations(reported(await manyVips(14), 'github')).filter(({ kind }) => kind === 'error')
  expect(told).toHaveLength(10)
  expect(told[9]?.title).toMatch(/^\d+ more$/)
  const left = Number(told[9]?.title.split(' ')[0])
  expect(told[9]?.message.split('\n')).toHaveLength(left)
  expect(told[9]?.message).toContain('(default/web-00013)')
})

test('a hostile name makes no annotation of its own', async () => {
  const told = annotations(reported(await hostileEvidence(), 'github'))
  expect(told.map(({ kind }) => kind).filter((kind) => kind === 'error')).toHaveLength(1)
  expect(told.every(({ kind }) => ['error', 'warning', 'notice'].includes(kind))).toBe(true)
  expect(told[0]?.title).toContain('%0A::error::x\\x0a`|@everyone')
})

test('what could not be read is a warning, what is accepted a notice', async () => {
  const gaps = annotations(
    reported(await variant('hard-way-healthy', { 'aws/describe-network-acls.json': null }), 'github'),
  )
  expect(gaps).toContainEqual({
    kind: 'warning',
    title: 'not read',
    message: expect.stringMatching(/^not in the evidence: aws\/describe-network-acls\.json\. Hides \d+ checks?\.$/),
  })
  const acceptances = [{ id: 'delivery/vip-not-owned', subject: '*', reason: 'Not in use yet.', until: null }]
  const accepted = annotations(
    reported(await fixture('hard-way-l2'), 'github', { policy: { ...strictPolicy, acceptances } }),
  )
  expect(accepted.map(({ kind }) => kind)).toEqual(['notice', 'notice'])
  expect(accepted[1]?.message).toMatch(/Accepted: Not in use yet\.$/)
})

test('a failed set-up is an error', () => {
  const failure = { exitCode: 2, message: 'There is no bundle.', suggestion: 'Name one.' }
  expect(github.failed(failure, { name: 'v', version: '0' })).toBe(
    '::error title=vipdoctor::There is no bundle.%0AName one.\n',
  )
})
