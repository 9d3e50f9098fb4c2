import { Command, Flags } from '@oclif/core'
import { print } from '../cli/terminal.ts'
import { catalogue } from '../checks/catalogue.ts'
import { clusterRole, iamPolicy, podRole } from '../collect/policy.ts'
import { parseClient } from '../diagnosis/client.ts'
import { wantedBy } from '../collect/wanted.ts'

export default class Policy extends Command {
  static override summary =
    'Print the ClusterRole and the IAM policy that a live check needs: reading, and what --nodes pod makes.'
  static override description = `Both follow from what the checks declare that they read.
vipdoctor lists whole kinds and never gets a Secret; it describes the VPC and never changes it. With --nodes pod it\nmakes a pod on each node that it reads, in one namespace: only then it needs the Role.`
  static override examples = [
    '<%= config.bin %> policy --kubernetes | kubectl apply -f -',
    '<%= config.bin %> policy --kubernetes --nodes pod | kubectl apply -f -',
    '<%= config.bin %> policy --aws > vipdoctor.json && aws iam create-policy --policy-name vipdoctor --policy-document file://vipdoctor.json',
  ]
  static override flags = {
    kubernetes: Flags.boolean({ description: 'only the ClusterRole, as YAML' }),
    aws: Flags.boolean({ description: 'only the IAM policy, as JSON' }),
    nodes: Flags.option({
      options: ['pod'] as const,
      description: 'also what --nodes pod needs: a namespace and a Role in it',
    })(),
    'node-namespace': Flags.string({
      default: 'vipdoctor',
      helpValue: 'NAME',
      description: 'that namespace, one of its own; `check --node-namespace` is then given the same',
    }),
    client: Flags.string({
      default: 'vpc',
      helpValue: 'WHO',
      description: 'as for check: a client on the internet needs the gateways too',
    }),
  }

  override async run(): Promise<void> {
    const { flags } = await this.parse(Policy)
    const wanted = wantedBy(catalogue, { internet: parseClient(flags.client).kind === 'internet' })
    const both = flags.kubernetes === flags.aws
    if (flags.kubernetes || both) {
      if (both) print('# Kubernetes: vipdoctor policy --kubernetes | kubectl apply -f -\n')
      print(clusterRole(wanted.kubernetes))
      if (flags.nodes === 'pod') print(`---\n${podRole(flags['node-namespace'])}`)
    }
    if (flags.aws || both) {
      if (both) print('\n# AWS: vipdoctor policy --aws > vipdoctor.json\n')
      print(iamPolicy(wanted.aws))
    }
  }
}
