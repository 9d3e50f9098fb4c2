import { expect, test } from '@jest/globals'
import { diagnosisOfFixture } from '../../kit/answers.ts'
import { foundIn } from '../../kit/found.ts'

const id = 'translation/no-endpoints-reject'

test('a Service with endpoints passes', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', 'kube-proxy on controller-0 rejects nothing for 10.240.0.100:80.'],
  ])
})

test.each([
  ['no-endpoints', 'default/nginx-lb', 'icmp-port-unreachable'],
  ['kube-proxy-1.23-iptables-empty', 'default/empty', 'icmp-port-unreachable'],
  ['kube-proxy-1.34-nftables-empty', 'default/empty', 'icmp-port-unreachable'],
])('%s: the reject follows from the missing endpoints', async (name, target, kind) => {
  expect(await foundIn(name, id, target)).toEqual([
    [
      'fail',
      expect.stringMatching(
        new RegExp(
          `^kube-proxy on \\S+ rejects packets for \\S+ because the Service has no endpoints \\(${kind}\\)\\.$`,
        ),
      ),
    ],
  ])
  const { causes } = await diagnosisOfFixture(name)
  expect(causes.map((cause) => [cause.id, cause.consequences.map((one) => one.id)])).toEqual([['endpoint/ready', [id]]])
})
