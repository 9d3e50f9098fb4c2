import { shownName } from '../../src/net/visible.ts'
import { expect, test } from '@jest/globals'
import { prometheus } from '../../src/report/prometheus.ts'
import { reported } from '../kit/answers.ts'
import { fixture, variant } from '../kit/fixtures.ts'
import { hostileEvidence, hostileName, ofEachKind } from '../kit/report-evidence.ts'
import { prometheusSamples, type Sample } from '../kit/valid-reports.ts'

const valueOf = (samples: readonly Sample[] | undefined, name: string): number | string | undefined =>
  samples?.find((sample) => sample.name === name)?.value

test('Prometheus’ own parser reads each kind of recording, each sample once', async () => {
  const texts: string[] = []
  for (const name of ofEachKind) texts.push(reported(await fixture(name), 'prometheus'))
  for (const samples of prometheusSamples(texts)) {
    const keys = samples.map(({ name, labels }) => JSON.stringify([name, labels]))
    expect(new Set(keys).size).toBe(keys.length)
    expect(valueOf(samples, 'vipdoctor_check_success')).toBe(1)
  }
})

test('a VIP is 1, 0, or NaN, never a guess', async () => {
  const texts = [
    reported(await fixture('hard-way-healthy'), 'prometheus'),
    reported(await fixture('hard-way-l2'), 'prometheus'),
    reported(await variant('hard-way-healthy', { 'aws/describe-network-interfaces.json': null }), 'prometheus'),
  ]
  expect(prometheusSamples(texts).map((samples) => valueOf(samples, 'vipdoctor_vip_reachable'))).toEqual([1, 0, 'NaN'])
})

test('the causes stand in the order in which to mend them, and the labels name the VIP', async () => {
  const [samples = []] = prometheusSamples([reported(await fixture('hard-way-four-faults'), 'prometheus')])
  const causes = samples.filter(({ name }) => name === 'vipdoctor_vip_cause').map(({ labels }) => labels)
  expect(causes.map(({ cause, order }) => `${order ?? ''} ${cause ?? ''}`)).toEqual([
    '1 delivery/vip-not-owned',
    '2 admission/service-port',
    '3 translation/kube-proxy-running',
    '4 forwarding/cni-ready',
  ])
  expect(causes[0]).toMatchObject({
    vip: '10.240.0.100',
    port: '80',
    protocol: 'tcp',
    service: 'default/nginx-lb',
    client: 'vpc',
  })
})

test('a hostile name is one label, and what cannot be seen in it is written out', async () => {
  const [samples] = prometheusSamples([reported(await hostileEvidence(), 'prometheus')])
  expect(samples?.find(({ name }) => name === 'vipdoctor_vip_reachable')?.labels.service).toBe(
    `default/${shownName(hostileName, 1000)}`,
  )
})

test('a failed set-up is no success, and says nothing of a VIP', () => {
  const failure = { exitCode: 2, message: 'There is no bundle.', suggestion: null }
  expect(prometheusSamples([prometheus.failed(failure, { name: 'v', version: '0' })])).toEqual([
    [
      { name: 'vipdoctor_check_success', labels: {}, value: 0 },
      { name: 'vipdoctor_check_exit_code', labels: {}, value: 2 },
    ],
  ])
})

test('as what the network was judged is a sample', async () => {
  const evidence = await fixture('hard-way-l2')
  const texts = [
    reported(evidence, 'prometheus'),
    reported(evidence, 'prometheus', { fabric: 'lan' }),
    reported(await fixture('lan-healthy'), 'prometheus'),
  ]
  const account = { account: '123456789012', region: 'us-east-1' }
  const none = { account: '', region: '' }
  expect(
    prometheusSamples(texts).flatMap((samples) => samples.filter(({ name }) => name === 'vipdoctor_judged_as')),
  ).toEqual(
    [
      { fabric: 'ec2', because: 'account-read', ...account, evidence_disagrees: 'false' },
      { fabric: 'lan', because: 'told', ...account, evidence_disagrees: 'true' },
      { fabric: 'lan', because: 'no-cloud-named', ...none, evidence_disagrees: 'false' },
    ].map((labels) => ({ name: 'vipdoctor_judged_as', labels, value: 1 })),
  )
})
