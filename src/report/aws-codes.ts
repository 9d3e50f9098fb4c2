/**
 * The explanation codes of AWS Reachability Analyzer, and the checks whose findings mean the same
 * (https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html).
 */
export const checksOfCode: Readonly<Record<string, readonly string[]>> = {
  BAD_STATE: ['delivery/owner-detached'],
  BAD_STATE_ATTACHMENT: ['delivery/owner-detached'],
  BAD_STATE_ROUTE: ['delivery/route-blackhole', 'forwarding/pod-route', 'return/vpc-route'],
  ENI_ADDRESS_RESTRICTION: [
    'delivery/owner-foreign',
    'delivery/reserved-address',
    'delivery/vip-aligned-with-subnet',
    'delivery/vip-not-owned',
  ],
  ENI_SG_RULES_MISMATCH: [
    'admission/client-egress',
    'admission/nlb-nodeport',
    'admission/nodeport',
    'admission/service-port',
    'control/bgp-ports',
    'control/cni-ports',
    'control/kubelet-port',
    'control/memberlist-ports',
    'control/webhook-port',
    'forwarding/node-to-node',
  ],
  ENI_SOURCE_DEST_CHECK_RESTRICTION: [
    'delivery/source-dest-check',
    'forwarding/pod-source-dest-check',
    'return/source-dest-check',
  ],
  HIGHER_PRIORITY_ROUTE: ['delivery/static-shadows-propagated'],
  IGW_DESTINATION_ADDRESS_IN_VPC_CIDRS: ['delivery/path-cannot-carry-vip'],
  IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS: ['delivery/no-public-address'],
  IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS: ['return/vpc-route'],
  MORE_SPECIFIC_ROUTE: ['delivery/route-inside-vpc'],
  NO_POSSIBLE_DESTINATION: ['delivery/no-subnet'],
  NO_ROUTE_TO_DESTINATION: ['delivery/overlay-no-route', 'forwarding/pod-route', 'return/vpc-route'],
  PCX_REQUIRES_ADDRESS_IN_VPC_CIDR: ['delivery/path-cannot-carry-vip'],
  SG_HAS_NO_RULES: ['admission/client-egress', 'admission/service-port'],
  SUBNET_ACL_RESTRICTION: ['admission/nacl-in', 'admission/nacl-return'],
  VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS: ['delivery/path-cannot-carry-vip'],
  VPC_BLOCK_PUBLIC_ACCESS_ENABLED: ['delivery/no-public-address'],
  VPC_LOCAL_ROUTE_CIDR_RESTRICTION: ['delivery/route-inside-vpc'],
}
