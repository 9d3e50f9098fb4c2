import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixture } from '../../kit/fixtures.ts'
import { foundIn } from '../../kit/found.ts'

const id = 'translation/source-ranges'
const target = 'default/guarded'

test('a client outside the ranges is dropped', async () => {
  expect(await foundIn('nftables-source-ranges', id, target, '10.240.0.50')).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^kube-proxy on \S+ drops packets from 10\.240\.0\.50: the Service admits only 10\.240\.1\.0\/24\.$/,
      ),
    ],
  ])
})

test.each<[string, string, readonly string[]]>([
  [
    'a client by its address is admitted by one command',
    '10.240.0.50',
    [
      `kubectl -n default patch service guarded --type=json -p '[{"op":"add","path":"/spec/loadBalancerSourceRanges/-","value":"10.240.0.50/32"}]'`,
    ],
  ],
  [
    'and so is a range of clients',
    '10.240.0.0/25',
    [
      `kubectl -n default patch service guarded --type=json -p '[{"op":"add","path":"/spec/loadBalancerSourceRanges/-","value":"10.240.0.0/25"}]'`,
    ],
  ],
])('%s', async (_, client, commands) => {
  const diagnosis = diagnosisOf(await fixture('nftables-source-ranges'), target, client)
  expect(diagnosis.findings.find((one) => one.id === id)?.fix?.commands).toEqual(commands)
})

test('which range a whole VPC of clients is, is left to the user', async () => {
  const diagnosis = diagnosisOf(await fixture('nftables-source-ranges'), target, 'vpc')
  const finding = diagnosis.findings.find((one) => one.id === id)
  expect([finding?.fix, finding?.advice]).toEqual([
    null,
    'Add the range of the clients to spec.loadBalancerSourceRanges.',
  ])
})

test('a client inside them passes', async () => {
  expect(await foundIn('nftables-source-ranges', id, target, '10.240.1.9')).toEqual([
    ['pass', expect.stringMatching(/^The source ranges 10\.240\.1\.0\/24 admit the client/)],
  ])
})

test('a range of clients that they cut is judged in parts', async () => {
  const diagnosis = diagnosisOf(await fixture('nftables-source-ranges'), target, '10.240.0.0/23')
  const finding = diagnosis.findings.find((one) => one.id === id)
  expect([diagnosis.verdict, finding?.status, finding?.says]).toEqual([
    'inconclusive',
    'warn',
    expect.stringMatching(/^For clients in 10\.240\.0\.0\/24: kube-proxy on \S+ drops packets/),
  ])
})

test('does not apply to a Service without ranges', async () => {
  expect((await foundIn('hard-way-healthy', id))[0]?.[0]).toBe('skipped')
})
