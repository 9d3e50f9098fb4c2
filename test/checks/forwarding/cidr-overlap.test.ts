import { expect, test } from '@jest/globals'
import check from '../../../src/checks/forwarding/cidr-overlap.ts'
import { fixture } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const wide = {
  CidrBlock: '10.0.0.0/8',
  CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/8', CidrBlockState: { State: 'associated' } }],
}

test('warns where pods and Services lie inside the VPC', async () => {
  const evidence = await edited('hard-way-healthy', {
    vpcs: (vpcs) => {
      Object.assign(byId(vpcs, ids.vpc), wide)
    },
  })
  const [status, text] = says(check, evidence)
  expect(status).toBe('warn')
  expect(text).toMatch(
    /^Inside 10\.0\.0\.0\/8, the ranges of vpc-daf0e39ffc287f7bf, lie the pod ranges 10\.200\.0\.0\/24, .* and the cluster addresses of /,
  )
})

test("passes where interfaces hold the pods' addresses", async () => {
  const evidence = await edited('hard-way-healthy', {
    nodes: (nodes) => {
      for (const [at, node] of nodes.entries()) node.spec.podCIDR = `10.240.0.${String(64 + 16 * at)}/28`
    },
    enis: (enis) => {
      const own = [ids.controller0, ids.controller1, ids.worker0, ids.worker1]
      for (const [at, id] of own.entries())
        byId(enis, id).Ipv4Prefixes = [{ Ipv4Prefix: `10.240.0.${String(64 + 16 * at)}/28` }]
    },
  })
  expect(says(check, evidence)[0]).toBe('pass')
})

test('passes where the ranges lie apart', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
})
