import { expect, test } from '@jest/globals'
import { nodesForVips } from '../../src/journey/nodes-for-vip.ts'
import { diagnosisOf } from '../kit/answers.ts'
import { fixture } from '../kit/fixtures.ts'

const nodesOf = async (name: string): Promise<readonly string[]> => {
  const evidence = await fixture(name)
  return nodesForVips(evidence, [diagnosisOf(evidence, 'default/nginx-lb').question])
}

test('of a Service whose pool is missing, also the nodes between which MetalLB’s webhook is asked', async () => {
  expect(await nodesOf('pending-no-pool')).toEqual(['controller-0', 'controller-1', 'worker-0', 'worker-1'])
})
