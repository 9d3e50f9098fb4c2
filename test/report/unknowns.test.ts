import { expect, test } from '@jest/globals'
import { Chalk } from 'chalk'
import { textReporter } from '../../src/report/text.ts'
import { judge, printed } from '../kit/answers.ts'
import { variant, type Change } from '../kit/fixtures.ts'

/** The report without its path, of the healthy recording without some files. */
async function withoutFiles(changes: Readonly<Record<string, Change>>): Promise<string> {
  const answer = judge(await variant('hard-way-healthy', changes), ['10.240.0.100'])
  return printed(answer, textReporter({ paint: new Chalk({ level: 0 }), width: 80 }))
}

test('where a whole folder is missing, what hangs on it is named together, with the way to read it', async () => {
  const text = await withoutFiles({ 'nodes/': null })
  expect(text).toMatch(/^Not known:\n {2}- For want of nodes\/controller-0\/: [a-z]+\/\S+,\n/m)
  for (const id of ['translation/dnat-present', 'forwarding/ip-forward-off', 'return/rp-filter'])
    expect(text).toMatch(new RegExp(`For want of nodes/controller-0/:[^.]* ${id}[,.]`))
  expect(text).toMatch(
    /^Could not be read:\n {2}- nodes\/controller-0\/[^:]*ip-route\.json[^:]*: nothing was read from/m,
  )
  expect(text).toMatch(/^ {4}Nodes are read with --nodes ssh;/m)
})

test('where little is missing, each sentence stands, and the gap once', async () => {
  const text = await withoutFiles({ 'aws/describe-network-acls.json': null })
  expect(text).toMatch(/^ {2}- admission\/nacl-in: It is not known whether network ACLs let tcp\/80 pass at\n/m)
  expect(text).toMatch(/^ {2}- aws\/describe-network-acls\.json: not in the evidence\. Hides\n {4}admission\/nacl-in/m)
  expect(text.match(/not in the evidence/g)).toHaveLength(1)
})

test('a name at the beginning of a title keeps its capital in the sentence', async () => {
  const answer = judge(await variant('hard-way-healthy', { 'aws/describe-network-interfaces.json': null }), [
    '10.240.0.100',
  ])
  const says = answer.diagnoses[0]?.findings.map((finding) => finding.says) ?? []
  expect(says).toContain("It is not known whether EC2 keeps its hands off the VIP's pool.")
  expect(says).toContain('It is not known whether a network interface of the VPC holds the VIP.')
})
