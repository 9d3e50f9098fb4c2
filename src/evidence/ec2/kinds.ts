import type { Shape, Shaped } from '../shape.ts'

// What is kept of each answer of the EC2 API: the members that some check reads, as the AWS CLI prints them.
// Source: EC2 API reference, version 2016-11-15.

const tags = [{ Key: 'string', Value: 'string' }] as const
const group = { GroupId: 'string', GroupName: 'string' } as const

const permission = {
  IpProtocol: 'string',
  FromPort: 'number',
  ToPort: 'number',
  IpRanges: [{ CidrIp: 'string', Description: 'string' }],
  Ipv6Ranges: [{ CidrIpv6: 'string', Description: 'string' }],
  PrefixListIds: [{ PrefixListId: 'string', Description: 'string' }],
  UserIdGroupPairs: [
    {
      GroupId: 'string',
      GroupName: 'string',
      UserId: 'string',
      VpcId: 'string',
      VpcPeeringConnectionId: 'string',
      PeeringStatus: 'string',
    },
  ],
} as const

const instance = {
  InstanceId: 'string',
  InstanceType: 'string',
  State: { Name: 'string' },
  VpcId: 'string',
  SubnetId: 'string',
  PrivateIpAddress: 'string',
  PrivateDnsName: 'string',
  PublicIpAddress: 'string',
  OutpostArn: 'string',
  Hypervisor: 'string',
  NetworkInterfaces: [{ NetworkInterfaceId: 'string' }],
  Tags: tags,
} as const

const networkInterface = {
  NetworkInterfaceId: 'string',
  MacAddress: 'string',
  SubnetId: 'string',
  VpcId: 'string',
  OwnerId: 'string',
  Description: 'string',
  InterfaceType: 'string',
  OutpostArn: 'string',
  RequesterId: 'string',
  RequesterManaged: 'boolean',
  SourceDestCheck: 'boolean',
  Status: 'string',
  AvailabilityZone: 'string',
  PrivateIpAddress: 'string',
  PrivateIpAddresses: [
    {
      Primary: 'boolean',
      PrivateIpAddress: 'string',
      Association: { PublicIp: 'string', AllocationId: 'string', IpOwnerId: 'string' },
    },
  ],
  Ipv6Addresses: [{ Ipv6Address: 'string' }],
  Ipv4Prefixes: [{ Ipv4Prefix: 'string' }],
  Ipv6Prefixes: [{ Ipv6Prefix: 'string' }],
  Association: { PublicIp: 'string', AllocationId: 'string', IpOwnerId: 'string' },
  Groups: [group],
  Attachment: {
    AttachmentId: 'string',
    InstanceId: 'string',
    InstanceOwnerId: 'string',
    DeviceIndex: 'number',
    Status: 'string',
  },
  TagSet: tags,
} as const

interface AwsKind {
  /** The API action, which is also the IAM permission behind `ec2:`. */
  readonly action: string
  /** The member of the answer that holds the list. */
  readonly member: string
  /** Where the list's items hold lists of what is meant: reservations hold instances. */
  readonly inner?: string
  readonly shape: Shape
}

const kindOf = <A extends string, const S extends Shape>(action: A, member: string, shape: S) => ({
  action,
  member,
  shape,
})

/** Every EC2 listing that vipdoctor reads. The key in kebab case, behind `aws/`, is the kind's name in a check's `needs`. */
export const awsKinds = {
  instances: { ...kindOf('DescribeInstances', 'Reservations', instance), inner: 'Instances' },
  networkInterfaces: kindOf('DescribeNetworkInterfaces', 'NetworkInterfaces', networkInterface),
  subnets: kindOf('DescribeSubnets', 'Subnets', {
    SubnetId: 'string',
    VpcId: 'string',
    OwnerId: 'string',
    CidrBlock: 'string',
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: 'string', Ipv6CidrBlockState: { State: 'string' } }],
    AvailabilityZone: 'string',
    AvailableIpAddressCount: 'number',
    MapPublicIpOnLaunch: 'boolean',
    Ipv6Native: 'boolean',
    EnableLniAtDeviceIndex: 'number',
    OutpostArn: 'string',
    State: 'string',
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'string' },
    Tags: tags,
  }),
  vpcs: kindOf('DescribeVpcs', 'Vpcs', {
    VpcId: 'string',
    OwnerId: 'string',
    CidrBlock: 'string',
    CidrBlockAssociationSet: [{ CidrBlock: 'string', CidrBlockState: { State: 'string' } }],
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: 'string', Ipv6CidrBlockState: { State: 'string' } }],
    IsDefault: 'boolean',
    State: 'string',
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'string' },
    Tags: tags,
  }),
  routeTables: kindOf('DescribeRouteTables', 'RouteTables', {
    RouteTableId: 'string',
    VpcId: 'string',
    OwnerId: 'string',
    Associations: [
      {
        Main: 'boolean',
        RouteTableAssociationId: 'string',
        SubnetId: 'string',
        GatewayId: 'string',
        AssociationState: { State: 'string' },
      },
    ],
    Routes: [
      {
        DestinationCidrBlock: 'string',
        DestinationIpv6CidrBlock: 'string',
        DestinationPrefixListId: 'string',
        GatewayId: 'string',
        InstanceId: 'string',
        InstanceOwnerId: 'string',
        NatGatewayId: 'string',
        TransitGatewayId: 'string',
        LocalGatewayId: 'string',
        CarrierGatewayId: 'string',
        EgressOnlyInternetGatewayId: 'string',
        NetworkInterfaceId: 'string',
        VpcPeeringConnectionId: 'string',
        CoreNetworkArn: 'string',
        Origin: 'string',
        State: 'string',
      },
    ],
    PropagatingVgws: [{ GatewayId: 'string' }],
    Tags: tags,
  }),
  networkAcls: kindOf('DescribeNetworkAcls', 'NetworkAcls', {
    NetworkAclId: 'string',
    VpcId: 'string',
    IsDefault: 'boolean',
    Associations: [{ NetworkAclAssociationId: 'string', NetworkAclId: 'string', SubnetId: 'string' }],
    Entries: [
      {
        CidrBlock: 'string',
        Ipv6CidrBlock: 'string',
        Egress: 'boolean',
        IcmpTypeCode: { Code: 'number', Type: 'number' },
        PortRange: { From: 'number', To: 'number' },
        Protocol: 'string',
        RuleAction: 'string',
        RuleNumber: 'number',
      },
    ],
  }),
  securityGroups: kindOf('DescribeSecurityGroups', 'SecurityGroups', {
    GroupId: 'string',
    GroupName: 'string',
    VpcId: 'string',
    OwnerId: 'string',
    IpPermissions: [permission],
    IpPermissionsEgress: [permission],
  }),
  securityGroupRules: kindOf('DescribeSecurityGroupRules', 'SecurityGroupRules', {
    SecurityGroupRuleId: 'string',
    GroupId: 'string',
    IsEgress: 'boolean',
    IpProtocol: 'string',
    FromPort: 'number',
    ToPort: 'number',
    CidrIpv4: 'string',
    CidrIpv6: 'string',
    PrefixListId: 'string',
    ReferencedGroupInfo: { GroupId: 'string', UserId: 'string', VpcId: 'string', PeeringStatus: 'string' },
  }),
  addresses: kindOf('DescribeAddresses', 'Addresses', {
    AllocationId: 'string',
    AssociationId: 'string',
    PublicIp: 'string',
    PrivateIpAddress: 'string',
    NetworkInterfaceId: 'string',
    InstanceId: 'string',
  }),
  internetGateways: kindOf('DescribeInternetGateways', 'InternetGateways', {
    InternetGatewayId: 'string',
    Attachments: [{ State: 'string', VpcId: 'string' }],
  }),
  natGateways: kindOf('DescribeNatGateways', 'NatGateways', {
    NatGatewayId: 'string',
    SubnetId: 'string',
    VpcId: 'string',
    State: 'string',
    ConnectivityType: 'string',
  }),
  managedPrefixLists: kindOf('DescribeManagedPrefixLists', 'PrefixLists', {
    PrefixListId: 'string',
    PrefixListName: 'string',
    AddressFamily: 'string',
    State: 'string',
    OwnerId: 'string',
    MaxEntries: 'number',
  }),
  instanceTypes: kindOf('DescribeInstanceTypes', 'InstanceTypes', {
    InstanceType: 'string',
    Hypervisor: 'string',
    NetworkInfo: {
      MaximumNetworkInterfaces: 'number',
      Ipv4AddressesPerInterface: 'number',
      Ipv6AddressesPerInterface: 'number',
    },
  }),
} as const satisfies Record<string, AwsKind>

export type AwsKindName = keyof typeof awsKinds

/** One item of a listing, as kept. */
export type AwsItem<K extends AwsKindName> = Shaped<(typeof awsKinds)[K]['shape']>

export type NetworkInterface = AwsItem<'networkInterfaces'>
export type Subnet = AwsItem<'subnets'>
export type Vpc = AwsItem<'vpcs'>
export type RouteTable = AwsItem<'routeTables'>
export type Route = NonNullable<RouteTable['Routes']>[number]
export type NetworkAcl = AwsItem<'networkAcls'>
export type NetworkAclEntry = NonNullable<NetworkAcl['Entries']>[number]
export type SecurityGroup = AwsItem<'securityGroups'>
export type IpPermission = NonNullable<SecurityGroup['IpPermissions']>[number]

/** A listing asked for by the id of one object. */
export const awsListsById = {
  cidrReservations: {
    action: 'GetSubnetCidrReservations',
    file: (subnetId: string) => `aws/get-subnet-cidr-reservations-${subnetId}.json`,
    shape: {
      SubnetIpv4CidrReservations: [
        { SubnetCidrReservationId: 'string', Cidr: 'string', ReservationType: 'string', Description: 'string' },
      ],
      SubnetIpv6CidrReservations: [
        { SubnetCidrReservationId: 'string', Cidr: 'string', ReservationType: 'string', Description: 'string' },
      ],
    },
  },
  prefixListEntries: {
    action: 'GetManagedPrefixListEntries',
    file: (prefixListId: string) => `aws/get-managed-prefix-list-entries-${prefixListId}.json`,
    shape: { Entries: [{ Cidr: 'string', Description: 'string' }] },
  },
} as const

/** An action of the EC2 API that vipdoctor calls. */
export type AwsAction =
  (typeof awsKinds)[AwsKindName]['action'] | (typeof awsListsById)[keyof typeof awsListsById]['action']

/** The file of a listing in a bundle: named as the AWS CLI names the call. */
export const awsFile = (name: AwsKindName): string => `aws/${kebab(awsKinds[name].action)}.json`

const kebab = (action: string): string => action.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase()
