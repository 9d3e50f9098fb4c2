import { describe, expect, test } from '@jest/globals'
import check from '../../../src/checks/control/memberlist-ports.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixture, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { withFirewalld, withRules } from '../../kit/firewalled.ts'
import { found, foundIn } from '../../kit/found.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress } from '../../fabric/ec2/edits.ts'

const self = (protocol: string): Json => ({
  IpProtocol: protocol,
  FromPort: 7946,
  ToPort: 7946,
  ReferencedGroupInfo: { GroupId: ids.group },
})

test('fails where only one of the two protocols is admitted', async () => {
  const evidence = await edited('hard-way-healthy', { rules: ingress([self('tcp')]) })
  const [draft] = runCheck(check, ask(evidence))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    `Security group ${ids.group} (kubernetes) keeps MetalLB's speakers apart: udp/7946 between them is not admitted (from 10.240.0.10/31, 10.240.0.20/31).`,
  ])
  expect(draft?.fix?.commands).toEqual([
    `aws ec2 authorize-security-group-ingress --group-id ${ids.group} --ip-permissions 'IpProtocol=udp,FromPort=7946,ToPort=7946,UserIdGroupPairs=[{GroupId=${ids.group}}]'`,
  ])
})

test('passes by rules to the group itself', async () => {
  const evidence = await edited('hard-way-healthy', { rules: ingress([self('tcp'), self('udp')]) })
  expect(says(check, evidence)[0]).toBe('pass')
  expect(says(check, await fixture('hard-way-four-faults'))[0]).toBe('pass')
})

describe('the firewalls of the nodes, on any fabric', () => {
  const all = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
  const everywhere = (file: string, change: Change) =>
    Object.fromEntries(all.map((node) => [`nodes/${node}/${file}`, change]))

  test('let the speakers hear each other', async () => {
    expect(await foundIn('lan-healthy', 'control/memberlist-ports')).toEqual([
      ['pass', "The rules of 4 nodes let MetalLB's speakers hear each other at tcp and udp 7946."],
    ])
  })

  test('warn of two announcers where a policy drops them, and name the port that is opened', async () => {
    const drop = withRules(['-A INPUT -p tcp -m multiport --dports 22,6443,7946,10250 -j ACCEPT'], { INPUT: 'DROP' })
    const evidence = await variant('lan-healthy', everywhere('iptables-nft-save.txt', drop))
    const finding = diagnosisOf(evidence, 'default/nginx-lb').findings.find(
      ({ id }) => id === 'control/memberlist-ports',
    )
    expect(finding).toMatchObject({
      status: 'warn',
      says: "controller-0, controller-1, worker-0 and worker-1 drop udp/7946 from each other (filter chain INPUT, by its policy): MetalLB's speakers do not hear each other, each takes itself for the only one, and several announce the same VIP. Clients keep the answer that came last, and their connections break when it changes.",
    })
    expect(finding?.fix?.commands[0]).toBe(
      'ssh controller-0 sudo iptables-nft -t filter -I INPUT -s 10.240.0.11,10.240.0.20,10.240.0.21 -d 10.240.0.10 -p udp --dport 7946 -j ACCEPT',
    )
  })

  test('firewalld on one node, and nothing read of another', async () => {
    const shut = { 'nodes/worker-1/nft-ruleset.json': withFirewalld() }
    const says = await Promise.all(
      [shut, { 'nodes/worker-1/': null }].map(async (files) =>
        found(await variant('lan-healthy', files), 'control/memberlist-ports'),
      ),
    )
    expect(says[0]?.[0]?.[1]).toMatch(
      /^worker-1 rejects tcp\/7946 and udp\/7946 from controller-0, controller-1 and worker-0 \(inet firewalld chain filter_IN_public\): /,
    )
    expect(says[1]?.[0]).toEqual(['unknown', expect.stringContaining('whether the rules of the nodes let')])
  })
})
