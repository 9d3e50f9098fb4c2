import { expect, test } from '@jest/globals'
import check from '../../../src/checks/control/kubelet-port.ts'
import { fixture, variant } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { withFirewalld, withRules } from '../../kit/firewalled.ts'
import { found, foundIn } from '../../kit/found.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress, tcp } from '../../fabric/ec2/edits.ts'

test('fails where the nodes do not admit the API servers', async () => {
  const evidence = await edited('hard-way-healthy', { rules: ingress([tcp(80, '10.240.0.0/16')]) })
  const [draft] = runCheck(check, ask(evidence))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `Security group ${ids.group} (kubernetes) of controller-0, controller-1, worker-0 and worker-1 does not admit the API servers at tcp/10250: logs and exec fail there.`,
  ])
  expect(draft?.fix?.commands[0]).toContain('IpRanges=[{CidrIp=10.240.0.10/32},{CidrIp=10.240.0.11/32}]')
})

test('passes where they do', async () => {
  expect(says(check, await fixture('hard-way-four-faults'))[0]).toBe('pass')
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
})

test('the firewall of a node is asked on any fabric, from the nodes of the API servers', async () => {
  expect(await foundIn('lan-healthy', 'control/kubelet-port')).toEqual([
    ['pass', 'The rules of 4 nodes let the API servers reach the kubelets.'],
  ])
  const drop = withRules(['-A INPUT -s 10.240.0.10/32 -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 10250 -j DROP'])
  const evidence = await variant('lan-healthy', { 'nodes/worker-0/iptables-nft-save.txt': drop })
  expect(found(evidence, 'control/kubelet-port')).toEqual([
    [
      'fail',
      'worker-0 drops tcp/10250 from controller-1 (filter chain INPUT): the API servers do not reach the kubelets there, and logs and exec fail.',
    ],
  ])
})

test('firewalld on one node, which is told to open the port for the API servers', async () => {
  const evidence = await variant('lan-healthy', { 'nodes/worker-1/nft-ruleset.json': withFirewalld() })
  const findings = diagnosisOf(evidence, 'default/nginx-lb').findings.filter(({ id }) => id === 'control/kubelet-port')
  expect(findings.map(({ status, says: text }) => [status, text])).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^worker-1 rejects tcp\/10250 from controller-0 and controller-1 \(.* filter_IN_public.*\): the API servers do not/,
      ),
    ],
  ])
  expect(findings[0]?.fix?.commands[0]).toMatch(/^ssh worker-1 sudo '?firewall-cmd .*10250/)
  const open = await variant('lan-healthy', {
    'nodes/worker-1/nft-ruleset.json': withFirewalld([{ protocol: 'tcp', port: 10250 }]),
  })
  expect(found(open, 'control/kubelet-port')[0]?.[0]).toBe('pass')
})
