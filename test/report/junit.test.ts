import { expect, test } from '@jest/globals'
import { junit } from '../../src/report/junit.ts'
import { strictPolicy } from '../../src/diagnosis/gate.ts'
import { reported } from '../kit/answers.ts'
import { fixture, variant } from '../kit/fixtures.ts'
import { hostileEvidence, ofEachKind } from '../kit/report-evidence.ts'
import { junitComplaints, xpath } from '../kit/valid-reports.ts'

test('Jenkins’ schema accepts the report of each kind of recording, of a hostile name, and of a failed set-up', async () => {
  const texts: string[] = []
  for (const name of ofEachKind) texts.push(reported(await fixture(name), 'junit'))
  texts.push(reported(await hostileEvidence(), 'junit'))
  texts.push(
    junit.failed({ exitCode: 2, message: 'There is <no> "bundle".', suggestion: null }, { name: 'v', version: '0' }),
  )
  expect(junitComplaints(texts)).toBe('')
})

test('the schema test can fail', () => {
  expect(junitComplaints(['<testsuites><testcase/></testsuites>'])).toMatch(/testcase/)
})

test('a failing check is a failure with its sentence, proof and fix; a skipped one says why', async () => {
  const text = reported(await fixture('hard-way-l2'), 'junit')
  const failing = '//testcase[@name="10.240.0.100:80 delivery/vip-not-owned"]'
  expect(xpath(text, `string(${failing}/failure/@message)`)).toMatch(
    /^No network interface of the VPC holds 10\.240\.0\.100/,
  )
  expect(xpath(text, `string(${failing}/failure)`)).toMatch(
    /Proof:\s+aws\/describe-network-interfaces\.json[^]*Fix \([^)]*\):\s+aws ec2 assign-private-ip-addresses/,
  )
  expect(xpath(text, `string(${failing}/@classname)`)).toBe('vipdoctor.default/nginx-lb')
  expect(xpath(text, 'string(//testcase[@name="10.240.0.100:80 wire/not-announced"]/skipped/@message)')).toBe(
    'EC2 delivers by ownership and by routes, and answers ARP itself: no packet hangs on an announcement.',
  )
})

test('the counts are those of the cases', async () => {
  const text = reported(await fixture('hard-way-four-faults'), 'junit')
  for (const [attribute, element] of [
    ['failures', 'failure'],
    ['errors', 'error'],
  ] as const) {
    const counted = xpath(text, `count(//${element})`)
    expect(xpath(text, `string(/testsuites/@${attribute})`)).toBe(counted)
    expect(xpath(text, `string(/testsuites/testsuite[1]/@${attribute})`)).toBe(counted)
  }
  expect(xpath(text, 'string(/testsuites/testsuite[1]/@skipped)')).toBe(xpath(text, 'count(//skipped)'))
  expect(xpath(text, 'string(/testsuites/@tests)')).toBe(xpath(text, 'count(//testcase)'))
})

test('what could not be judged is an error that names what was not read', async () => {
  const text = reported(await variant('hard-way-healthy', { 'aws/describe-network-acls.json': null }), 'junit')
  const open = '//testcase[@name="10.240.0.100:80 admission/nacl-in"]'
  expect(xpath(text, `string(${open}/error)`)).toMatch(
    /Not read:\s+aws\/describe-network-acls\.json: not in the evidence/,
  )
})

test('what is accepted is skipped with the reason, and not counted as a failure', async () => {
  const acceptances = [{ id: 'delivery/vip-not-owned', subject: 'vip/*', reason: 'Not in use yet.', until: null }]
  const text = reported(await fixture('hard-way-l2'), 'junit', { policy: { ...strictPolicy, acceptances } })
  expect(xpath(text, 'string(//testcase[@name="10.240.0.100:80 delivery/vip-not-owned"]/skipped/@message)')).toBe(
    'Accepted: Not in use yet.',
  )
  expect(xpath(text, 'count(//failure)')).toBe('0')
})

test('a warning is told, and a failure only where the gate fails on it', async () => {
  const evidence = await fixture('not-advertised')
  const warned = '//testcase[contains(system-out, "Warning: ")]'
  const lenient = reported(evidence, 'junit')
  expect(Number(xpath(lenient, `count(${warned})`))).toBeGreaterThan(0)
  const strict = reported(evidence, 'junit', { policy: { ...strictPolicy, failOn: 'warn' } })
  expect(xpath(strict, `count(${warned})`)).toBe('0')
  expect(Number(xpath(strict, 'count(//failure)'))).toBeGreaterThan(Number(xpath(lenient, 'count(//failure)')))
})

test.each([
  [
    'hard-way-l2',
    undefined,
    'ec2 account-read',
    /\nJudged as EC2, because its account was read: AWS 123456789012, us-east-1\.$/,
    '',
  ],
  ['lan-healthy', undefined, 'lan no-cloud-named', /\nJudged as a LAN, because \d+ nodes name no cloud\.$/, ''],
  [
    'hard-way-l2',
    'lan',
    'lan told',
    /\nJudged as a LAN, because --fabric says so\.$/,
    /^The evidence says EC2, because /,
  ],
] as const)(
  '%s with --fabric %s: the gate says as what the network was judged',
  async (name, fabric, data, says, warning) => {
    const text = reported(await fixture(name), 'junit', fabric === undefined ? {} : { fabric })
    expect(junitComplaints([text])).toBe('')
    const gate = '//testsuite[@name="gate"]'
    const property = (of: string) => xpath(text, `string(${gate}/properties/property[@name="${of}"]/@value)`)
    expect(`${property('fabric')} ${property('because')}`).toBe(data)
    expect(property('warning')).toMatch(warning)
    expect(xpath(text, `string(${gate}/system-out)`)).toMatch(says)
  },
)
