import { expect, test } from '@jest/globals'
import check from '../../../src/checks/forwarding/pod-source-dest-check.ts'
import { editJson, fixture, type Json } from '../../kit/fixtures.ts'
import { ask, runCheck } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const checking = (files: Parameters<typeof edited>[1]['files'] = {}) =>
  edited('hard-way-healthy', {
    enis: (enis) => {
      byId(enis, ids.worker0).SourceDestCheck = true
    },
    files,
  })

test("fails where the pods' node checks and the CNI plugin does not encapsulate", async () => {
  const [draft] = runCheck(check, ask(await checking()), 'worker-0')
  expect(draft?.status).toBe('fail')
  expect(draft?.says).toMatch(
    /^The source\/destination check of eni-17bf8c96a310b3a5a \(worker-0\) is on: it drops .* \(10\.200\.2\.\d+\)/,
  )
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 modify-network-interface-attribute --network-interface-id ${ids.worker0} --no-source-dest-check`,
  ])
})

test('passes where they travel in a tunnel', async () => {
  const evidence = await checking({
    'nodes/controller-0/ip-route.json': editJson((routes: Json) => {
      routes.push({ dst: '10.200.2.0/24', dev: 'tunl0', gateway: '10.240.0.20', flags: ['onlink'] })
    }),
  })
  expect(runCheck(check, ask(evidence), 'worker-0')[0]?.status).toBe('pass')
})

test('passes where the node receives the packet itself, or does not check', async () => {
  const evidence = await fixture('overlay-source-dest-check')
  expect(runCheck(check, ask(evidence, { target: '172.20.0.100' }), 'worker-0')[0]?.status).toBe('pass')
  expect(runCheck(check, ask(await checking()), 'worker-1')[0]?.status).toBe('pass')
})

test("does not know without the receiving node's routes", async () => {
  const evidence = await checking({ 'nodes/controller-0/': null })
  expect(runCheck(check, ask(evidence), 'worker-0')[0]?.status).toBe('unknown')
})

test('warns where the interfaces of one node disagree', async () => {
  const evidence = await edited('hard-way-healthy', {
    enis: (enis) => {
      const second = structuredClone<Json>(byId(enis, ids.worker0))
      second.NetworkInterfaceId = 'eni-second'
      second.PrivateIpAddress = '10.240.0.220'
      second.PrivateIpAddresses = [{ Primary: true, PrivateIpAddress: '10.240.0.220' }]
      second.Attachment.DeviceIndex = 1
      second.SourceDestCheck = true
      enis.push(second)
    },
  })
  const [draft] = runCheck(check, ask(evidence), 'worker-0')
  expect(draft?.status).toBe('warn')
  expect(draft?.fix?.commands).toEqual([
    'aws ec2 modify-network-interface-attribute --network-interface-id eni-second --no-source-dest-check',
  ])
})
