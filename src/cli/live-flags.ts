import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Flags } from '@oclif/core'
import { parseNodeOutput, type NodeOutput } from '../collect/node/frames.ts'
import { mostOutputBytes } from '../collect/node/transport.ts'
import { UserError } from '../evidence/user-error.ts'
import { durationFlag } from './duration.ts'
import { namedFile } from './named-file.ts'

/**
 * A public image that has the tools: both nft and iptables over it, ipset, ipvsadm, iproute2 with JSON, tcpdump, curl. The legacy iptables
 * is not in it (Alpine has that in a package of its own) and is taken from the node.
 */
const defaultNodeImage = 'docker.io/nicolaka/netshoot:v0.14'

/** The flags of every command that reads a live cluster. */
export const liveFlags = {
  kubeconfig: Flags.string({
    helpValue: 'FILE',
    helpGroup: 'LIVE',
    description: 'kubeconfig; else KUBECONFIG, ~/.kube/config, or the pod’s service account',
  }),
  context: Flags.string({ helpValue: 'NAME', helpGroup: 'LIVE', description: 'context of the kubeconfig' }),
  as: Flags.string({
    helpValue: 'USER',
    helpGroup: 'LIVE',
    description: 'ask the API server as this user, as kubectl --as does',
  }),
  'as-group': Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'GROUP',
    helpGroup: 'LIVE',
    dependsOn: ['as'],
    description: 'and as one of this group; may be repeated',
  }),
  region: Flags.string({
    helpValue: 'REGION',
    helpGroup: 'LIVE',
    description: 'AWS region; else AWS_REGION, the profile, the nodes',
  }),
  profile: Flags.string({ helpValue: 'NAME', helpGroup: 'LIVE', description: 'AWS profile' }),
  nodes: Flags.option({
    options: ['none', 'ssh', 'local', 'pod'] as const,
    default: 'none' as const,
    helpGroup: 'LIVE',
    description:
      'how nodes are read: not at all, by the system’s OpenSSH, this machine only, or by a pod on each, which is made and deleted',
  })(),
  'nodes-for': Flags.option({
    options: ['vip', 'all'] as const,
    default: 'vip' as const,
    helpGroup: 'LIVE',
    description: 'which nodes: those that the VIP’s packet can meet, or all',
  })(),
  'node-addresses': Flags.option({
    options: ['internal', 'external', 'name', 'instance'] as const,
    default: 'internal' as const,
    helpGroup: 'LIVE',
    description:
      'what ssh is given: the node’s internal or external address, its name, as in ~/.ssh/config, or its EC2 instance id',
  })(),
  'nodes-at-once': Flags.integer({
    helpValue: 'N',
    helpGroup: 'LIVE',
    min: 1,
    default: 16,
    description: 'how many nodes are read at the same time',
  }),
  'node-namespace': Flags.string({
    helpValue: 'NAME',
    helpGroup: 'LIVE',
    default: 'kube-system',
    description: 'where --nodes pod makes its pods',
  }),
  'node-image': Flags.string({
    helpValue: 'IMAGE',
    helpGroup: 'LIVE',
    default: defaultNodeImage,
    description: 'what runs in them; a tool that it lacks is taken from the node',
  }),
  'ssh-user': Flags.string({
    helpValue: 'USER',
    helpGroup: 'LIVE',
    description: 'user on the nodes; may need sudo -n',
  }),
  'ssh-option': Flags.string({
    multiple: true,
    helpValue: 'KEY=VALUE',
    helpGroup: 'LIVE',
    description: 'as ssh -o; may be repeated',
  }),
  'node-output': Flags.string({
    multiple: true,
    helpValue: 'NODE=FILE',
    helpGroup: 'LIVE',
    description: 'what the node script printed on a node where you ran it by hand; may be repeated',
  }),
  timeout: durationFlag({
    helpGroup: 'LIVE',
    default: 30,
    description: 'how long one answer of the API server or of EC2 is waited for (30s, 2m)',
  }),
  quiet: Flags.boolean({
    char: 'q',
    helpGroup: 'LIVE',
    description: 'no progress on standard error, only what failed',
  }),
  partial: Flags.boolean({ helpGroup: 'LIVE', description: 'after Ctrl-C, go on with what was read' }),
}

/** Where credentials of AWS may come from without asking the network: then the account is asked at once. */
export function hasAwsSettings(env: NodeJS.ProcessEnv): boolean {
  const named = [
    'AWS_ACCESS_KEY_ID',
    'AWS_PROFILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  ]
  const file = (name: string | undefined, usual: string) => existsSync(name ?? path.join(os.homedir(), '.aws', usual))
  return (
    named.some((name) => (env[name] ?? '') !== '') ||
    file(env.AWS_SHARED_CREDENTIALS_FILE, 'credentials') ||
    file(env.AWS_CONFIG_FILE, 'config')
  )
}

/** The files of `--kubeconfig`, else of `KUBECONFIG`, else `~/.kube/config`; none where none is there. */
export function kubeconfigsOf(flag: string | undefined, env: NodeJS.ProcessEnv): readonly string[] {
  if (flag !== undefined) return [flag]
  const named = (env.KUBECONFIG ?? '').split(path.delimiter).filter((file) => file !== '')
  return named.length > 0 ? named : [path.join(os.homedir(), '.kube', 'config')].filter((file) => existsSync(file))
}

/** Where a pod finds who it is (Kubernetes, "Accessing the Kubernetes API from a Pod"). */
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** Says so before any client is loaded, which takes half a second. @throws UserError where no kubeconfig is to be found. */
export function requireKubeconfig(flag: string | undefined, env: NodeJS.ProcessEnv): void {
  if (kubeconfigsOf(flag, env).length > 0 || existsSync(serviceAccount)) return
  throw new UserError(
    'There is no kubeconfig, and this is no pod of a cluster.',
    'Name one by --kubeconfig, or judge a bundle by --bundle.',
  )
}

/** Reads `--node-output NODE=FILE`. @throws UserError where a file is not there or is not what the node script printed. */
export function nodeOutputs(given: readonly string[] | undefined): ReadonlyMap<string, NodeOutput> {
  return new Map(
    (given ?? []).map((text): [string, NodeOutput] => {
      const [node = '', ...rest] = text.split('=')
      const file = rest.join('=')
      if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(node) || file === '')
        throw new UserError(
          `--node-output ${text} is not NODE=FILE.`,
          'For example: --node-output worker-0=worker-0.out',
        )
      const bytes = namedFile(file, mostOutputBytes)
      if (bytes === null) throw new UserError(`--node-output: there is no file ${file}.`)
      const output = parseNodeOutput(bytes)
      if (output.files.size === 0) {
        throw new UserError(
          `${file} is not what the node script printed.`,
          '`vipdoctor collect --print-node-script` prints the script; run it by sh on the node.',
        )
      }
      return [node, output]
    }),
  )
}
