import { expect, test } from '@jest/globals'
import { isGap } from '../../src/evidence/gap.ts'
import { strictPolicy } from '../../src/diagnosis/gate.ts'
import { sarif } from '../../src/report/sarif.ts'
import { reported } from '../kit/answers.ts'
import { fixture, fixtureNames, fixtureStore, variant } from '../kit/fixtures.ts'
import { hostileEvidence, hostileName } from '../kit/report-evidence.ts'
import { sarifComplaints } from '../kit/valid-reports.ts'

async function log(name: string) {
  return JSON.parse(reported(await fixture(name), 'sarif'))
}

test.each(fixtureNames)('%s: the schema accepts it, and every result has a place that is there', async (name) => {
  const whole = await log(name)
  expect(sarifComplaints(whole)).toEqual([])
  const store = await fixtureStore(name)
  const [{ results, tool }] = whole.runs
  for (const { ruleId, ruleIndex, locations, relatedLocations = [] } of results) {
    expect(tool.driver.rules[ruleIndex].id).toBe(ruleId)
    expect(locations).toHaveLength(1)
    for (const { physicalLocation } of [...locations, ...relatedLocations]) {
      const { artifactLocation, region } = physicalLocation
      const bytes = store.read(decodeURIComponent(artifactLocation.uri))
      if (isGap(bytes)) throw new Error(`${artifactLocation.uri}: ${bytes.reason}`)
      expect(region.startLine).toBeGreaterThanOrEqual(1)
      expect(region.endLine).toBeGreaterThanOrEqual(region.startLine)
      expect(region.endLine).toBeLessThanOrEqual(Buffer.from(bytes).toString().split('\n').length)
    }
  }
})

test('the schema test can fail', () => {
  expect(sarifComplaints({ version: '2.1.0', runs: [{ tool: {} }] })).not.toEqual([])
})

test('a cause is an error at the lines of its proof', async () => {
  const [{ results }] = (await log('hard-way-four-faults')).runs
  const cause = results.find(({ ruleId }: { ruleId: string }) => ruleId === 'admission/service-port')
  expect(cause.level).toBe('error')
  const { artifactLocation, region } = cause.locations[0].physicalLocation
  const bytes = (await fixtureStore('hard-way-four-faults')).read(artifactLocation.uri)
  if (isGap(bytes)) throw new Error(bytes.reason)
  const lines = Buffer.from(bytes)
    .toString()
    .split('\n')
    .slice(region.startLine - 1, region.endLine)
  expect(lines.join('\n')).toMatch(/^ *"Groups": \[[^]*"sg-e6b0a1c1a5b02b2ae"[^]*\],?$/)
  expect(cause.message.text).toMatch(/^Security group sg-e6b0a1c1a5b02b2ae \(kubernetes\) admits no tcp\/80/)
})

test('a hostile name stays a text', async () => {
  const whole = JSON.parse(reported(await hostileEvidence(), 'sarif'))
  expect(sarifComplaints(whole)).toEqual([])
  expect(whole.runs[0].results[0].properties.vips).toEqual([`10.240.0.100:80 (default/${hostileName})`])
})

test('what could not be read is a notification at its file', async () => {
  const evidence = await variant('hard-way-healthy', { 'aws/describe-network-acls.json': null })
  const [{ invocations }] = JSON.parse(reported(evidence, 'sarif')).runs
  const [{ toolExecutionNotifications: told, exitCode }] = invocations
  expect(exitCode).toBe(0)
  expect(told[0].message.text).toMatch(
    /^aws\/describe-network-acls\.json: not in the evidence\. Hides admission\/nacl-in/,
  )
})

test('what is accepted is suppressed with its justification', async () => {
  const acceptances = [{ id: 'delivery/vip-not-owned', subject: 'vip/*', reason: 'Not in use yet.', until: null }]
  const text = reported(await fixture('hard-way-l2'), 'sarif', { policy: { ...strictPolicy, acceptances } })
  const [{ results, invocations }] = JSON.parse(text).runs
  expect(results[0].suppressions).toEqual([{ kind: 'external', status: 'accepted', justification: 'Not in use yet.' }])
  expect(invocations[0].exitCode).toBe(0)
})

test('a failed set-up is a run that did not succeed', () => {
  const failure = { exitCode: 2, message: 'There is no bundle /x.', suggestion: 'Name one.' }
  const whole = JSON.parse(sarif.failed(failure, { name: 'vipdoctor', version: '0.0.0' }))
  expect(sarifComplaints(whole)).toEqual([])
  expect(whole.runs[0].invocations[0]).toMatchObject({ executionSuccessful: false, exitCode: 2 })
})

test('as what the network was judged stands in the run, and a flag against the evidence is a warning', async () => {
  const evidence = await fixture('hard-way-l2')
  const runOf = (fabric: 'lan' | undefined) => {
    const whole = JSON.parse(reported(evidence, 'sarif', fabric === undefined ? {} : { fabric }))
    expect(sarifComplaints(whole)).toEqual([])
    return whole.runs[0]
  }
  interface Told {
    readonly descriptor: { readonly id: string }
    readonly level: string
    readonly message: { readonly text: string }
  }
  const about = (run: { invocations: { toolExecutionNotifications: Told[] }[] }) =>
    run.invocations[0]?.toolExecutionNotifications
      .filter(({ descriptor }) => descriptor.id === 'fabric')
      .map(({ level, message }) => `${level}: ${message.text}`)
  const recognised = runOf(undefined)
  expect(about(recognised)).toEqual(['note: Judged as EC2, because its account was read: AWS 123456789012, us-east-1.'])
  expect(recognised.properties).toMatchObject({
    fabric: { name: 'ec2', because: 'account-read' },
    account: { id: '123456789012', region: 'us-east-1' },
  })
  expect(about(runOf('lan'))).toEqual([
    'warning: The evidence says EC2, because its account was read; what --fabric says was judged.',
    'note: Judged as a LAN, because --fabric says so.',
  ])
})
