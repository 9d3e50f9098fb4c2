import type { Fault } from '../fault.ts'
import type { Lab } from '../lab.ts'
import { bastion, outsideCidr, subnets, vip } from '../plan.ts'

// Faults made in the EC2 account. The lab's `restore` takes each of them back.

const aws = (lab: Lab, line: string): Promise<string> => lab.must(`aws ec2 ${line}`)

const giveVip = async (lab: Lab, host: string): Promise<string> =>
  aws(
    lab,
    `assign-private-ip-addresses --network-interface-id ${await lab.eni(host)} --private-ip-addresses ${vip} --allow-reassignment`,
  )

const takeVip = async (lab: Lab): Promise<string> =>
  aws(
    lab,
    `unassign-private-ip-addresses --network-interface-id ${await lab.eni('controller-0')} --private-ip-addresses ${vip}`,
  )

const revoke = async (lab: Lab, group: string, side: 'ingress' | 'egress', permission: string): Promise<string> =>
  aws(lab, `revoke-security-group-${side} --group-id ${await lab.group(group)} --ip-permissions '${permission}'`)

const sourceDestCheck = async (lab: Lab, host: string): Promise<string> =>
  aws(lab, `modify-network-interface-attribute --network-interface-id ${await lab.eni(host)} --source-dest-check`)

const acl = async (lab: Lab, side: '--ingress' | '--egress', rule: string): Promise<string> => {
  const subnet = await lab.subnet(subnets[0])
  const id = await aws(
    lab,
    `describe-network-acls --filters Name=association.subnet-id,Values=${subnet} --query 'NetworkAcls[0].NetworkAclId' --output text`,
  )
  return aws(lab, `create-network-acl-entry --network-acl-id ${id} ${side} --rule-number 50 --rule-action deny ${rule}`)
}

const only: Pick<Fault, 'fabrics'> = { fabrics: ['ec2'] }

export const accountFaults: readonly Fault[] = [
  {
    ...only,
    name: 'nobody owns the VIP',
    causes: ['delivery/vip-not-owned'],
    smoke: true,
    make: takeVip,
  },
  {
    ...only,
    name: 'nobody owns the VIP, and the client is a node, which needs no network for it',
    causes: [],
    client: 'node',
    make: takeVip,
  },
  {
    ...only,
    name: 'nobody owns the VIP, and the client is a pod, which needs no network for it',
    causes: [],
    client: 'pod',
    make: takeVip,
  },
  {
    ...only,
    name: 'nobody owns the VIP, and the client is in another subnet',
    causes: ['delivery/vip-not-owned'],
    client: 'far',
    make: takeVip,
  },
  {
    ...only,
    name: 'the VIP belongs to a host that is no node',
    causes: ['delivery/owner-foreign'],
    client: 'far',
    make: (lab) => giveVip(lab, 'bastion'),
  },
  {
    ...only,
    name: 'the VIP belongs to an interface that nothing is attached to',
    causes: ['delivery/owner-detached'],
    make: async (lab) => {
      await takeVip(lab)
      const subnet = await lab.subnet(subnets[0])
      await aws(lab, `create-network-interface --subnet-id ${subnet} --private-ip-address ${vip}`)
    },
  },
  {
    ...only,
    name: 'the VIP belongs to another node than announces it',
    causes: [],
    also: ['delivery/owner-not-announcer'],
    wire: ['wire/answered-by-vpc'],
    make: (lab) => giveVip(lab, 'worker-1'),
  },
  {
    ...only,
    name: 'externalTrafficPolicy Local, and the owner has no endpoint',
    causes: ['delivery/owner-not-announcer'],
    also: ['translation/no-local-endpoint'],
    rules: true,
    make: (lab) => lab.must(`kubectl patch service nginx-lb -p '{"spec":{"externalTrafficPolicy":"Local"}}'`),
  },
  {
    ...only,
    name: 'the security group does not admit the Service port',
    causes: ['admission/service-port'],
    smoke: true,
    make: (lab) =>
      revoke(lab, 'kubernetes', 'ingress', 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=0.0.0.0/0}]'),
  },
  {
    ...only,
    name: 'the security group admits the Service port from elsewhere only',
    causes: ['admission/service-port'],
    make: async (lab) => {
      await revoke(lab, 'kubernetes', 'ingress', 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=0.0.0.0/0}]')
      const elsewhere = 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.240.1.0/24}]'
      await aws(
        lab,
        `authorize-security-group-ingress --group-id ${await lab.group('kubernetes')} --ip-permissions '${elsewhere}'`,
      )
    },
  },
  {
    ...only,
    name: 'the client may not send to the Service port',
    causes: ['admission/client-egress'],
    make: async (lab) => {
      await revoke(lab, 'clients', 'egress', 'IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}]')
      const rest = [22, 6443].map(
        (port) => `IpProtocol=tcp,FromPort=${String(port)},ToPort=${String(port)},IpRanges=[{CidrIp=10.240.0.0/16}]`,
      )
      await aws(
        lab,
        `authorize-security-group-egress --group-id ${await lab.group('clients')} --ip-permissions ${rest.map((each) => `'${each}'`).join(' ')}`,
      )
    },
  },
  {
    ...only,
    name: 'the nodes do not let each other in',
    causes: ['forwarding/node-to-node'],
    make: async (lab) => {
      const group = await lab.group('kubernetes')
      await revoke(lab, 'kubernetes', 'ingress', `IpProtocol=-1,UserIdGroupPairs=[{GroupId=${group}}]`)
      // The Service port is the pods' port, too: admitted from everywhere it would let the nodes in.
      await revoke(lab, 'kubernetes', 'ingress', 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=0.0.0.0/0}]')
      const client = `IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=${bastion.address}/32}]`
      await aws(lab, `authorize-security-group-ingress --group-id ${group} --ip-permissions '${client}'`)
    },
  },
  {
    ...only,
    name: 'an ACL denies the Service port to the other subnet',
    causes: ['admission/nacl-in'],
    client: 'far',
    make: (lab) => acl(lab, '--ingress', '--protocol tcp --port-range From=80,To=80 --cidr-block 10.240.1.0/24'),
  },
  {
    ...only,
    name: 'an ACL denies everything from the other subnet',
    causes: ['admission/nacl-in'],
    client: 'far',
    make: (lab) => acl(lab, '--ingress', '--protocol -1 --cidr-block 10.240.1.0/24'),
  },
  {
    ...only,
    name: 'an ACL denies the answers to the other subnet',
    causes: ['admission/nacl-return'],
    client: 'far',
    make: (lab) => acl(lab, '--egress', '--protocol tcp --port-range From=1024,To=65535 --cidr-block 10.240.1.0/24'),
  },
  {
    ...only,
    name: 'the route tables know no way to the pods',
    causes: ['forwarding/pod-route'],
    make: async (lab) => {
      const table = await lab.routeTable()
      for (const cidr of ['10.200.2.0/24', '10.200.3.0/24']) {
        await aws(lab, `delete-route --route-table-id ${table} --destination-cidr-block ${cidr}`)
      }
    },
  },
  {
    ...only,
    name: 'the routes to the pods lead to each other’s node',
    causes: ['forwarding/pod-route'],
    make: async (lab) => {
      const table = await lab.routeTable()
      const swapped: readonly (readonly [string, string])[] = [
        ['10.200.2.0/24', 'worker-1'],
        ['10.200.3.0/24', 'worker-0'],
      ]
      for (const [cidr, host] of swapped) {
        await aws(
          lab,
          `replace-route --route-table-id ${table} --destination-cidr-block ${cidr} --network-interface-id ${await lab.eni(host)}`,
        )
      }
    },
  },
  {
    ...only,
    name: 'the workers check source and destination',
    causes: ['forwarding/pod-source-dest-check'],
    make: async (lab) => {
      await sourceDestCheck(lab, 'worker-0')
      await sourceDestCheck(lab, 'worker-1')
    },
  },
  {
    ...only,
    name: 'no route leads back to the company’s network',
    causes: ['return/vpc-route'],
    client: 'outside',
    make: async (lab) =>
      aws(lab, `delete-route --route-table-id ${await lab.routeTable()} --destination-cidr-block ${outsideCidr}`),
  },
]
