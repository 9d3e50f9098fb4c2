import { aclFindings } from '../about/acl.ts'
import { defineCheck } from '../check.ts'

export default defineCheck({
  id: 'admission/nacl-in',
  title: 'Network ACLs let packets from the client to the VIP pass',
  needs: ['aws/network-interfaces', 'aws/subnets'],
  alsoReads: ['aws/network-acls', 'aws/vpcs', 'node/ip-link'],
  each: 'receiving',
  on: ['ec2'],
  blocks: true,
  run: (context) => aclFindings(context, 'in'),
  docs: {
    means:
      'A network ACL stands at the border of a subnet: rules in the order of their numbers, the first that matches decides, and it keeps no state. A packet from another subnet passes the ACL of its own subnet on the way out and that of the receiving subnet on the way in. Inside a subnet none is asked, so a VIP that answers beside the node and nowhere else is its sign.',
    byHand:
      'aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=SUBNET lists the entries; a flow log of the interface shows REJECT.',
    mend: 'Add an entry that allows the port of the Service, with a number below the rule that refuses.',
    sources: [
      'Amazon VPC User Guide, "Control subnet traffic with network access control lists"',
      'Amazon VPC User Guide, "Ephemeral ports"',
      'Reachability Analyzer explanation codes, SUBNET_ACL_RESTRICTION',
    ],
  },
})
