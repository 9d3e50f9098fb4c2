import { aclFindings } from '../about/acl.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'

export default defineCheck({
  id: 'admission/nacl-return',
  title: 'Network ACLs let the answers go back to the client',
  needs: ['aws/network-interfaces', 'aws/subnets'],
  alsoReads: [...traceReads, 'aws/network-acls', 'aws/vpcs'],
  each: 'receiving',
  on: ['ec2'],
  blocks: true,
  run: (context) => aclFindings(context, 'return'),
  docs: {
    means:
      'A network ACL keeps no state, so answers need rules of their own: from the VIP to the port from which the client sent, one of its ephemeral range (32768 to 60999 on Linux, 49152 to 65535 on Windows, 1024 to 65535 behind NAT gateways and Network Load Balancers). Where a part of the range is closed, a part of the connections dies: the SYN arrives, its answer does not.',
    byHand:
      'aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=SUBNET lists the entries; a flow log of the interface shows REJECT.',
    mend: "Allow the whole ephemeral range of the clients on the way out of the receiving subnet and into the clients' one.",
    sources: [
      'Amazon VPC User Guide, "Control subnet traffic with network access control lists"',
      'Amazon VPC User Guide, "Ephemeral ports"',
      'Reachability Analyzer explanation codes, SUBNET_ACL_RESTRICTION',
    ],
  },
})
