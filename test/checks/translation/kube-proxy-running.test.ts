import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/kube-proxy-running'

test.each(['hard-way-healthy', 'iptables-legacy', 'nftables', 'ipvs', 'kube-proxy-1.23-iptables'])(
  '%s: a kube-proxy with its rules passes',
  async (name) => {
    expect((await foundIn(name, id))[0]).toEqual([
      'pass',
      expect.stringMatching(/^kube-proxy runs on \S+ and has written its rules\.$/),
    ])
  },
)

test('without process and rules it fails on every node', async () => {
  expect(await foundIn('hard-way-four-faults', id)).toEqual([
    [
      'fail',
      'Nothing programs Services on controller-0: no kube-proxy runs there, and there is no rule of one. The same holds on controller-1, worker-0 and worker-1.',
    ],
  ])
})

test('a process alone proves nothing', async () => {
  const evidence = await variant('lan-no-kube-proxy-on-announcer', {
    'nodes/controller-0/processes.txt': (text) => `${text}  701 /usr/local/bin/kube-proxy --config=x\n`,
  })
  expect(found(evidence, id)).toContainEqual([
    'fail',
    'kube-proxy runs on controller-0 but has written no rules for Services.',
  ])
})

test('rules without a process are stale', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/processes.txt': (text) => text.replaceAll(/.*kube-proxy.*\n/g, ''),
    'nodes/controller-0/ss-listen.txt': (text) => text.replaceAll(/.*:10256 .*\n/g, ''),
    'nodes/controller-0/healthz-10256.json': null,
  })
  expect(found(evidence, id)).toContainEqual([
    'warn',
    expect.stringMatching(/^kube-proxy no longer runs on controller-0/),
  ])
})

test('a replacement is named instead of a false failure', async () => {
  const evidence = await variant('lan-no-kube-proxy-on-announcer', {
    'nodes/controller-0/processes.txt': (text) => `${text}  900 cilium-agent --config-dir=/tmp\n`,
  })
  expect(found(evidence, id)).toContainEqual(['pass', 'Services on controller-0 are handled by Cilium.'])
})

test('without the node’s evidence it is unknown', async () => {
  const evidence = await variant('hard-way-healthy', { 'nodes/controller-0/': null })
  expect(found(evidence, id)).toContainEqual([
    'unknown',
    expect.stringContaining('nodes/controller-0/iptables-nft-save.txt: nothing was read from controller-0'),
  ])
})

test('a health port that stays closed says that kube-proxy hangs in its start, and the rules are old', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/ss-listen.txt': (text) => text.replaceAll(/.*:10256 .*\n/g, ''),
    'nodes/controller-0/healthz-10256.json': null,
  })
  expect(found(evidence, id)).toContainEqual([
    'warn',
    'kube-proxy runs on controller-0 and does not open its health port 10256: it has not got past its start, and the rules there are those of the one before it.',
  ])
})

test('a health port that the configuration moved is looked for where it is', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/kube-proxy-config.yaml': (text) => text.replace('0.0.0.0:10256', '0.0.0.0:10456'),
    'nodes/controller-0/ss-listen.txt': (text) => text.replaceAll(':10256 ', ':10456 '),
    'nodes/controller-0/healthz-10256.json': null,
  })
  expect(found(evidence, id)[0]?.[0]).toBe('pass')
})

test('rules and an open health port are enough where the processes are not known', async () => {
  const evidence = await variant('hard-way-healthy', { 'nodes/controller-0/processes.txt': null })
  expect(found(evidence, id)[0]?.[0]).toBe('pass')
})

test('rules alone decide about the packet and do not cloud the verdict', async () => {
  const evidence = await variant('hard-way-healthy', {
    'nodes/controller-0/processes.txt': null,
    'nodes/controller-0/ss-listen.txt': null,
    'nodes/controller-0/healthz-10256.json': null,
  })
  expect(found(evidence, id)[0]).toEqual([
    'unknown',
    'controller-0 has the rules of a kube-proxy, and it is not known whether it still runs (nodes/controller-0/processes.txt: not in the evidence).',
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})
