import { describe, expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/vip-not-owned.ts'
import { fixture } from '../../kit/fixtures.ts'
import { kubeVipCluster } from '../../kit/kube-vip.ts'
import { found } from '../../kit/found.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { byId, edited, ids, ownedBy } from '../../fabric/ec2/edits.ts'

const anyNode = { by: 'candidate', nodes: ['controller-0', 'controller-1', 'worker-0', 'worker-1'] } as const
const announcedBy = (node: string) => ({ by: 'announcer', nodes: [node] }) as const

describe('a VIP in a subnet of the VPC', () => {
  test('fails where MetalLB announces it and no interface holds it', async () => {
    const evidence = await fixture('hard-way-l2')
    const [draft] = runCheck(check, ask(evidence, { receiving: announcedBy('controller-0') }))
    expect(draft?.status).toBe('fail')
    expect(draft?.says).toBe(
      'No network interface of the VPC holds 10.240.0.100, so the VPC delivers it to nobody. An announcement (ARP) from a node does not change that.',
    )
    expect(draft?.fix?.commands).toEqual([
      `aws ec2 assign-private-ip-addresses --network-interface-id ${ids.controller0} --private-ip-addresses 10.240.0.100`,
    ])
    expect(draft?.fix?.changes).toMatch(/one availability zone and so can keep the pool: \(1\) the VIP as a secondary/)
  })

  test('says that the choice was free where nobody may announce', async () => {
    const [draft] = runCheck(check, ask(await fixture('hard-way-l2'), { receiving: anyNode }))
    expect(draft?.fix?.changes).toMatch(/^Any node of the subnet would do; the choice was free\./)
  })

  test('puts the load balancer first where the nodes stand in two zones', async () => {
    const evidence = await edited('hard-way-l2', {
      enis: (enis) => {
        byId(enis, ids.worker1).SubnetId = ids.other
      },
    })
    const [draft] = runCheck(check, ask(evidence))
    expect(draft?.fix?.changes).toMatch(/2 availability zones.*: \(1\) a Network Load Balancer/)
  })

  test('passes where an interface holds it', async () => {
    expect(says(check, await fixture('hard-way-healthy'))).toEqual([
      'pass',
      `${ids.controller0} (controller-0) holds 10.240.0.100 as a secondary address.`,
    ])
  })

  test('finds the owner by a delegated prefix', async () => {
    const evidence = await edited('hard-way-l2', {
      enis: (enis) => {
        byId(enis, ids.worker0).Ipv4Prefixes = [{ Ipv4Prefix: '10.240.0.96/28' }]
      },
    })
    expect(says(check, evidence)).toEqual([
      'pass',
      `${ids.worker0} (worker-0) holds 10.240.0.100 by its delegated prefix 10.240.0.96/28.`,
    ])
  })

  test('assigns an IPv6 VIP by its own call', async () => {
    const evidence = await edited('hard-way-l2', {
      subnets: (subnets) => {
        byId(subnets, ids.subnet).Ipv6CidrBlockAssociationSet = [
          { Ipv6CidrBlock: '2600:1f18::/64', Ipv6CidrBlockState: { State: 'associated' } },
        ]
      },
    })
    const [draft] = runCheck(check, ask(evidence, { target: '2600:1f18::100', receiving: announcedBy('worker-1') }))
    expect(draft?.status).toBe('fail')
    expect(draft?.fix?.commands).toEqual([
      `aws ec2 assign-ipv6-addresses --network-interface-id ${ids.worker1} --ipv6-addresses 2600:1f18::100`,
    ])
  })
})

describe('what cannot be known', () => {
  const unknown = (evidence: Parameters<typeof says>[1], part: RegExp) => {
    const [status, text] = says(check, evidence)
    expect(status).toBe('unknown')
    expect(text).toMatch(part)
  }

  test('a participant of a shared VPC sees only its own interfaces', async () => {
    const evidence = await edited('hard-way-l2', {
      subnets: (subnets) => {
        byId(subnets, ids.subnet).OwnerId = '999999999999'
      },
    })
    unknown(evidence, /shared by account 999999999999, and account 123456789012 sees only its own/)
  })

  test('a local network interface of an Outposts server carries ARP', async () => {
    const evidence = await edited('hard-way-l2', {
      subnets: (subnets) => {
        byId(subnets, ids.subnet).EnableLniAtDeviceIndex = 1
      },
    })
    unknown(evidence, /is on an Outpost/)
  })

  test('a route for the whole subnet of the VIP leads to an interface', async () => {
    const evidence = await edited('hard-way-l2', {
      tables: (tables) => {
        byId(tables, ids.table).Routes.push({
          DestinationCidrBlock: '10.240.0.0/24',
          NetworkInterfaceId: ids.worker0,
          Origin: 'CreateRoute',
          State: 'active',
        })
      },
    })
    unknown(evidence, /sends its whole subnet 10\.240\.0\.0\/24 to an interface.*is not documented/)
  })

  test('DescribeNetworkInterfaces was denied', async () => {
    const evidence = await edited('hard-way-healthy', { files: { 'aws/describe-network-interfaces.json': null } })
    unknown(evidence, /describe-network-interfaces\.json/)
  })

  test('the nodes fit two VPCs, and --vpc-id was not given', async () => {
    const evidence = await edited('hard-way-healthy', {
      enis: (enis) => {
        ownedBy(null)(enis)
        enis.push(
          ...structuredClone(enis).map((eni) => ({
            ...eni,
            NetworkInterfaceId: `${String(eni.NetworkInterfaceId)}2`,
            VpcId: 'vpc-2',
          })),
        )
      },
      vpcs: (vpcs) => {
        vpcs.push({ VpcId: 'vpc-2', CidrBlock: '10.240.0.0/16' })
      },
    })
    unknown(evidence, /fit vpc-2 and vpc-daf0e39ffc287f7bf; --vpc-id says which is meant/)
    expect(says(check, evidence, { vpcId: ids.vpc })[0]).toBe('fail')
  })
})

test('KV-C01 kube-vip by ARP in a VPC: its gratuitous ARP moves nothing', async () => {
  const words =
    / kube-vip has no code for EC2: with vip_arp it sends gratuitous ARP, which moves no address in a VPC\.$/
  const byKubeVip = await kubeVipCluster({}, 'hard-way-l2')
  expect(found(byKubeVip, 'delivery/vip-not-owned')).toEqual([['fail', expect.stringMatching(words)]])
  const byMetallb = found(await fixture('hard-way-l2'), 'delivery/vip-not-owned')
  expect(byMetallb).toEqual([['fail', expect.not.stringMatching(/kube-vip/)]])
  const owned = await kubeVipCluster({}, 'hard-way-healthy')
  expect(found(owned, 'delivery/vip-not-owned')[0]?.[0]).toBe('pass')
})
