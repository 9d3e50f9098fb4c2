import type { AwsKindName } from './kinds.ts'

/** Members that EC2 gives every item of a kind: by them an item is told that `--query` did not cut. */
export const alwaysThere: Partial<Readonly<Record<AwsKindName, readonly string[]>>> = {
  instances: ['InstanceId', 'State', 'NetworkInterfaces'],
  networkInterfaces: ['NetworkInterfaceId', 'VpcId', 'SubnetId', 'Groups', 'PrivateIpAddresses', 'SourceDestCheck'],
  subnets: ['SubnetId', 'VpcId', 'CidrBlock'],
  vpcs: ['VpcId', 'CidrBlock'],
  routeTables: ['RouteTableId', 'VpcId', 'Routes', 'Associations'],
  networkAcls: ['NetworkAclId', 'VpcId', 'Entries', 'Associations'],
  securityGroups: ['GroupId', 'VpcId', 'IpPermissions', 'IpPermissionsEgress'],
  securityGroupRules: ['SecurityGroupRuleId', 'GroupId', 'IsEgress', 'IpProtocol'],
}
