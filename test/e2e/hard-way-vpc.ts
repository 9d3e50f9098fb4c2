import {
  AssignPrivateIpAddressesCommand,
  AssociateRouteTableCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { region, type Account } from './moto.ts'

const vip = '10.240.0.100'
const announcer = 'controller-0'

const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1'].map((name, index) => ({
  name,
  address: `10.240.0.${String(['10', '11', '20', '21'][index])}`,
  pods: `10.200.${String(index)}.0/24`,
}))

/**
 * Makes the VPC by calls of EC2: a subnet, the nodes with their pods' routes and without source/dest check, one security group. Nobody owns the
 * VIP yet.
 */
export async function makeVpc({ url }: Account) {
  const client = new EC2Client({
    region,
    endpoint: url,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  })
  const { Vpc: { VpcId } = {} } = await client.send(new CreateVpcCommand({ CidrBlock: '10.240.0.0/16' }))
  const { Subnet: { SubnetId } = {} } = await client.send(
    new CreateSubnetCommand({ VpcId, CidrBlock: '10.240.0.0/24' }),
  )
  const { GroupId } = await client.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: 'kubernetes', Description: 'Kubernetes nodes' }),
  )
  const port = (number: number, cidr: string) => ({
    IpProtocol: 'tcp',
    FromPort: number,
    ToPort: number,
    IpRanges: [{ CidrIp: cidr }],
  })
  const http = port(80, '10.240.0.0/16')
  await client.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [
        ...['tcp', 'udp'].map((protocol) => ({
          IpProtocol: protocol,
          FromPort: 7946,
          ToPort: 7946,
          UserIdGroupPairs: [{ GroupId }],
        })),
        { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.200.0.0/16' }] },
        port(22, '0.0.0.0/0'),
        port(6443, '0.0.0.0/0'),
        port(9443, '10.240.0.0/16'),
        port(10250, '10.240.0.0/16'),
        http,
      ],
    }),
  )
  const { RouteTable: { RouteTableId } = {} } = await client.send(new CreateRouteTableCommand({ VpcId }))
  await client.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }))
  const { Images: [image] = [] } = await client.send(new DescribeImagesCommand({ Owners: ['amazon'] }))
  const made = await Promise.all(
    nodes.map(async ({ name, address, pods }) => {
      const { Instances: [instance] = [] } = await client.send(
        new RunInstancesCommand({
          ImageId: image?.ImageId,
          InstanceType: 't3.micro',
          MinCount: 1,
          MaxCount: 1,
          SubnetId,
          PrivateIpAddress: address,
          SecurityGroupIds: [GroupId ?? ''],
        }),
      )
      const [link] = instance?.NetworkInterfaces ?? []
      const NetworkInterfaceId = link?.NetworkInterfaceId
      await client.send(
        new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, SourceDestCheck: { Value: false } }),
      )
      await client.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: pods, NetworkInterfaceId }))
      return {
        name,
        address,
        instance: instance?.InstanceId ?? '',
        eni: NetworkInterfaceId,
        mac: link?.MacAddress ?? '',
      }
    }),
  )
  return {
    macs: new Map(made.map(({ address, mac }) => [address, mac])),
    instances: new Map(made.map(({ name, instance }) => [name, instance])),
    ownAddress: async () => {
      const NetworkInterfaceId = made.find(({ name }) => name === announcer)?.eni
      await client.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: [vip] }))
    },
    shutPort: async () => {
      await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [http] }))
    },
  }
}
