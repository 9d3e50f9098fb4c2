import {
  DescribeAddressesCommand,
  DescribeInstanceTypesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeManagedPrefixListsCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  GetManagedPrefixListEntriesCommand,
  GetSubnetCidrReservationsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import type { AwsAction } from '../../evidence/ec2/kinds.ts'

// What this program calls of the AWS SDK, by name: the rest of it is not in the built program, which therefore loads in a tenth of a second
// instead of half of one.

export { EC2Client } from '@aws-sdk/client-ec2'
export { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
export { NodeHttpHandler } from '@smithy/node-http-handler'

/** The SDK's classes differ in the types of their inputs; that an input fits its action is seen by the API. */
type Command = new (input: object) => Parameters<EC2Client['send']>[0]

const called = {
  DescribeAddresses: DescribeAddressesCommand,
  DescribeInstanceTypes: DescribeInstanceTypesCommand,
  DescribeInstances: DescribeInstancesCommand,
  DescribeInternetGateways: DescribeInternetGatewaysCommand,
  DescribeManagedPrefixLists: DescribeManagedPrefixListsCommand,
  DescribeNatGateways: DescribeNatGatewaysCommand,
  DescribeNetworkAcls: DescribeNetworkAclsCommand,
  DescribeNetworkInterfaces: DescribeNetworkInterfacesCommand,
  DescribeRouteTables: DescribeRouteTablesCommand,
  DescribeSecurityGroupRules: DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroups: DescribeSecurityGroupsCommand,
  DescribeSubnets: DescribeSubnetsCommand,
  DescribeVpcs: DescribeVpcsCommand,
  GetManagedPrefixListEntries: GetManagedPrefixListEntriesCommand,
  GetSubnetCidrReservations: GetSubnetCidrReservationsCommand,
} satisfies Record<AwsAction, unknown>

export const commands = called as unknown as Readonly<Record<AwsAction, Command>>
