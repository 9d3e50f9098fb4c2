import { expect, test } from '@jest/globals'
import { parseClient } from '../../src/diagnosis/client.ts'
import { parseTarget, questionsFor } from '../../src/diagnosis/targets.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { recognisedFabric } from '../../src/fabric/recognise.ts'
import { whereHeard } from '../../src/journey/where-heard.ts'
import { byBgp, nodeNames } from '../kit/bgp.ts'
import { fixture, variant } from '../kit/fixtures.ts'

const heard = (evidence: Evidence, targets: readonly string[]) => {
  const asked = { client: parseClient('vpc'), fabric: recognisedFabric(evidence), vpcId: null }
  const { nodes, speech, vips } = whereHeard(
    evidence,
    questionsFor(evidence, targets.map(parseTarget), asked).questions,
  )
  return {
    nodes: nodes.map(({ name, vip }) => `${name} ${vip.text}`),
    speech: [...speech],
    vips: vips.map(({ text }) => text),
  }
}

test.each([
  ['MetalLB on a LAN', 'lan-healthy', '10.240.0.100', nodeNames, 'arp'],
  ['the same by IPv6', 'lan-ipv6', 'fd00:240::100', nodeNames, 'ndp'],
  ['kube-vip', 'control-plane-vip', '10.240.0.5', ['controller-0', 'controller-1'], 'arp'],
] as const)('%s: on every node that may announce', async (_, name, vip, nodes, speech) => {
  expect(heard(await fixture(name), [vip])).toEqual({
    nodes: nodes.map((node) => `${node} ${vip}`),
    speech: [speech],
    vips: [vip],
  })
})

test('what BGP alone announces is listened for there, and nothing of ARP', async () => {
  const evidence = await variant('lan-healthy', byBgp())
  expect(heard(evidence, ['10.240.0.100'])).toMatchObject({
    nodes: nodeNames.map((node) => `${node} 10.240.0.100`),
    speech: ['bgp'],
  })
})

test('in a VPC the owner of the address is listened on, too, where it is none of the announcers', async () => {
  const { nodes } = heard(await fixture('owner-not-announcer'), ['10.240.0.100'])
  expect(nodes).toEqual(expect.arrayContaining(['controller-0 10.240.0.100', 'worker-0 10.240.0.100']))
})
