import type { NetworkInterface } from '@aws-sdk/client-ec2'
import { describe, expect, test } from '@jest/globals'
import { checks } from '../../src/checks/index.ts'
import { planVpc } from './cluster/fabric/vpc.ts'
import { beyond } from './cluster/faults/beyond.ts'
import { faults } from './cluster/faults/index.ts'
import { falseAlarms, isAdvice, rightCause, rightVerdict, tookHold, type Row } from './cluster/judge.ts'
import { tableOf } from './cluster/table.ts'

// The parts of the laboratory that need no laboratory: `make lab` runs the rest.

const row: Row = {
  ...{ fabric: 'ec2', mode: 'iptables', fault: 'nobody owns the VIP', client: 'bastion' },
  ...{ expected: ['delivery/vip-not-owned'], also: [], healthy: false, seen: { tries: 3, connected: 0, words: '' } },
  ...{ verdict: 'unreachable', causes: ['delivery/vip-not-owned'], alsoWrong: [], named: [] },
  ...{ wire: null, mending: 'mended', commands: [], rounds: 1, open: null },
  times: { broken: 1, judged: 4, heard: 0, mended: 2, restored: 2 },
}
const connected = { tries: 3, connected: 3, words: '' }

describe('a diagnosis', () => {
  test.each<[string, Partial<Row>, boolean, boolean]>([
    ['that says what is true', {}, true, true],
    ['that calls reachable what is not', { verdict: 'reachable', causes: [] }, false, false],
    ['that cannot say', { verdict: 'inconclusive', causes: [] }, false, false],
    ['that names another cause', { causes: ['admission/service-port'] }, true, false],
    ['that names one cause too many', { causes: [...row.causes, 'endpoint/ready'] }, true, false],
    ['of what gets through', { expected: [], seen: connected, verdict: 'reachable', causes: [] }, true, true],
    ['that sees a fault where the packet gets through', { expected: [], seen: connected }, false, false],
    [
      'that owes a warning',
      { expected: [], seen: connected, verdict: 'reachable', causes: [], also: ['translation/mode-drift'] },
      true,
      false,
    ],
    ['of a part that connects', { seen: { ...connected, connected: 1 }, verdict: 'inconclusive' }, true, true],
  ])('%s', (_, change, verdict, cause) => {
    expect([rightVerdict({ ...row, ...change }), rightCause({ ...row, ...change })]).toEqual([verdict, cause])
  })

  test('counts nothing where the fault did not break what it was to break', () => {
    expect([tookHold(row), tookHold({ ...row, seen: connected })]).toEqual([true, false])
  })

  test('raises a false alarm only where nothing is broken', () => {
    expect(falseAlarms(row)).toEqual([])
    expect(falseAlarms({ ...row, healthy: true, alsoWrong: ['control/webhook'] })).toEqual([
      'delivery/vip-not-owned',
      'control/webhook',
    ])
  })
})

test.each<[string, boolean]>([
  ['kubectl -n default get pods -l app=nginx -o wide', true],
  ['ssh worker-0 sudo journalctl -u kubelet --no-pager -n 20', true],
  ['ssh controller-0 sudo iptables -t filter -L FORWARD -n -v --line-numbers', true],
  ['kubectl -n default edit service guarded', true],
  ['ssh controller-0 sudo systemctl restart kube-proxy', false],
  ['aws ec2 assign-private-ip-addresses --network-interface-id eni-1 --private-ip-addresses 10.240.0.100', false],
  ['ssh worker-0 sudo iptables -t filter -D FORWARD -p tcp --dport 80 -j DROP', false],
  ['ssh worker-0 sudo sysctl -w net.ipv4.ip_forward=1', false],
])('%s: advice is %s', (command, advice) => {
  expect(isAdvice(command)).toBe(advice)
})

test('each fault has a name of its own and names findings that there are', () => {
  const ids = new Set<string>(checks.map(({ id }) => id))
  expect(faults.flatMap(({ causes, also = [] }) => [...causes, ...also]).filter((id) => !ids.has(id))).toEqual([])
  for (const fabric of ['ec2', 'lan'] as const) {
    const names = faults.filter(({ fabrics }) => fabrics.includes(fabric)).map(({ name }) => name)
    expect(names).toEqual([...new Set(names)])
  }
})

test('each finding is a fault of the matrix, or the laboratory says why it cannot be', () => {
  const made = new Set(faults.flatMap(({ causes, also = [], wire = [] }) => [...causes, ...also, ...wire]))
  const ids = checks.map(({ id }): string => id)
  expect(ids.filter((id) => !made.has(id) && beyond[id] === undefined)).toEqual([])
  expect(Object.keys(beyond).filter((id) => made.has(id) || !ids.includes(id))).toEqual([])
})

test('the table counts what held and lists each miss', () => {
  const text = tableOf([row, { ...row, fault: 'another', verdict: 'reachable', causes: [], mending: 'not mended' }], [])
  expect(text).toContain('- right verdict: 1 of 2\n- right cause: 1 of 2\n- mended: 1 of 2 ')
  expect(text).toContain('- miss: ec2, another: reachable, causes none; true: nothing, delivery/vip-not-owned\n')
})

describe('the VPC of the laboratory', () => {
  const eni = (id: string, address: string, change: Partial<NetworkInterface> = {}): NetworkInterface => ({
    ...{ NetworkInterfaceId: id, SubnetId: 'subnet-a', MacAddress: `02:00:00:00:00:0${id.slice(-1)}` },
    ...{ PrivateIpAddresses: [{ PrivateIpAddress: address }], Groups: [{ GroupId: 'sg-1' }], ...change },
  })
  const state = {
    subnets: [{ SubnetId: 'subnet-a', VpcId: 'vpc-1', CidrBlock: '10.240.0.0/24' }],
    interfaces: [eni('eni-1', '10.240.0.10'), eni('eni-2', '10.240.0.20', { SourceDestCheck: false })],
    groups: [
      {
        GroupId: 'sg-1',
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, UserIdGroupPairs: [{ GroupId: 'sg-1' }] }],
        IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      },
    ],
    acls: [],
    tables: [
      {
        VpcId: 'vpc-1',
        Associations: [{ Main: true }],
        Routes: [
          { DestinationCidrBlock: '10.240.0.0/16', GatewayId: 'local' },
          { DestinationCidrBlock: '172.20.0.100/32', NetworkInterfaceId: 'eni-2' },
          { DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' },
        ],
      },
    ],
  }
  const macs = new Map([
    ['one', '02:00:00:00:00:01'],
    ['two', '02:00:00:00:00:02'],
  ])
  const plan = planVpc(state, macs)

  test('answers ARP with the owner’s hardware address', () => {
    expect(plan.neighbours).toEqual([
      'neigh replace 10.240.0.10 lladdr 02:00:00:00:00:01 dev subnet0 nud permanent',
      'neigh replace 10.240.0.20 lladdr 02:00:00:00:00:02 dev subnet0 nud permanent',
    ])
  })

  test('takes a route to an interface, and loses what leaves by a gateway that it does not play', () => {
    expect(plan.routes).toEqual([
      'route replace blackhole default metric 4000 table 100',
      'route replace 10.240.0.0/24 dev subnet0 table 100',
      'route replace 172.20.0.100/32 via 10.240.0.20 dev subnet0 table 100',
      'route replace blackhole 0.0.0.0/0 table 100',
    ])
  })

  test('checks source and destination only where the interface does, and admits the members of a group', () => {
    expect(plan.nft).toContain('ip saddr != { 10.240.0.10 } drop')
    expect(plan.nft).not.toContain('ip saddr != { 10.240.0.20 } drop')
    expect(plan.nft).toContain('ip saddr 10.240.0.20 tcp dport 80-80 accept')
  })
})
