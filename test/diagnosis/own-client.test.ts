import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import { fixture } from '../kit/fixtures.ts'

test.each([
  ['10.240.0.21', 'node/worker-1'],
  ['10.200.3.3', 'a pod of worker-1'],
])('a client that is named by %s, the address of %s, is judged by the rules of its own node', async (client) => {
  const { path } = diagnosisOf(await fixture('hard-way-healthy'), '10.240.0.100:80', client)
  const says = (hop: string) => path.find((one) => one.hop === hop)?.says
  expect(says('delivery')).toMatch(/^The packet starts on worker-1, whose own rules translate it/)
  expect(says('translation')).toMatch(/^worker-1 translates 10\.240\.0\.100:80/)
})

test('a node named by its address fares as it does by its name', async () => {
  const evidence = await fixture('lan-no-kube-proxy-on-announcer')
  const by = (client: string) => {
    const { verdict, causes } = diagnosisOf(evidence, '10.240.0.100:80', client)
    return [verdict, causes.map(({ id }) => id)]
  }
  const nodes = { 'controller-0': '10.240.0.10', 'worker-0': '10.240.0.20' }
  for (const [name, address] of Object.entries(nodes)) expect(by(address)).toEqual(by(`node/${name}`))
  expect(by('10.240.0.10')[0]).toBe('unreachable')
  expect(by('10.240.0.20')[0]).toBe('reachable')
})
