import { awsKinds, awsListsById, type AwsKindName } from '../evidence/ec2/kinds.ts'
import { podRules } from './node/pod/refusal.ts'
import { kubernetesKinds, type KubernetesKindName } from '../evidence/kubernetes/kinds.ts'

/** The ClusterRole, as YAML, that lets somebody list these kinds and nothing else: no verb but `list`, no Secrets. */
export function clusterRole(kinds: readonly KubernetesKindName[]): string {
  const groups = new Map<string, string[]>()
  for (const name of kinds) {
    const { group, plural } = kubernetesKinds[name]
    groups.set(group, [...(groups.get(group) ?? []), plural])
  }
  const rules = [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([group, plurals]) => rule(group, plurals.sort()))
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: ClusterRole',
    'metadata:',
    '  name: vipdoctor',
    'rules:',
    ...rules,
    '',
  ].join('\n')
}

function rule(group: string, plurals: readonly string[]): string {
  return [
    `  - apiGroups: [${JSON.stringify(group)}]`,
    '    resources:',
    ...plurals.map((plural) => `      - ${plural}`),
    '    verbs: ["list"]',
  ].join('\n')
}

/**
 * The namespace and the Role, as YAML, that `--nodes pod` needs besides. The namespace is one of its own, because whoever may make pods in a
 * namespace may use every service account in it; and it admits pods that see their nodes (Pod Security level privileged), which says
 * itself how much the Role is worth: its holder is root on every node.
 */
export function podRole(namespace: string): string {
  return [
    'apiVersion: v1',
    'kind: Namespace',
    'metadata:',
    `  name: ${namespace}`,
    '  labels:',
    '    pod-security.kubernetes.io/enforce: privileged',
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    'metadata:',
    '  name: vipdoctor',
    `  namespace: ${namespace}`,
    'rules:',
    ...podRules.flatMap(({ resource, verbs }) => [
      '  - apiGroups: [""]',
      '    resources:',
      `      - ${resource}`,
      `    verbs: ${JSON.stringify(verbs).replaceAll(',', ', ')}`,
    ]),
    '',
  ].join('\n')
}

/**
 * The IAM policy, as JSON, that lets somebody read these listings and what they name. Describe actions cannot be limited to a resource
 * (Service Authorization Reference, "Actions defined by Amazon EC2"), and `sts:GetCallerIdentity` needs no permission.
 */
export function iamPolicy(kinds: readonly AwsKindName[]): string {
  const byId = Object.values(awsListsById).map(({ action }) => action)
  const actions = [...kinds.map((name) => awsKinds[name].action), ...byId].map((action) => `ec2:${action}`).sort()
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Sid: 'VipdoctorRead', Effect: 'Allow', Action: actions, Resource: '*' }],
  }
  return `${JSON.stringify(policy, null, 2)}\n`
}
