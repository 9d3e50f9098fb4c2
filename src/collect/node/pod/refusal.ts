import type { Refusal } from '../../kubernetes/ask.ts'

/** The rules of the Role that `--nodes pod` needs in its namespace; `get` is what a WebSocket to exec counted as before Kubernetes 1.35. */
export const podRules = [
  { resource: 'pods', verbs: ['create', 'delete', 'list'] },
  { resource: 'pods/exec', verbs: ['create', 'get'] },
] as const

/** Why the API server did not do what was asked of a pod, so that a user knows what to change; a phrase. */
export function podRefusal({ reason, status }: Refusal, namespace: string): string {
  const [, verb, resource] = /is forbidden: User ".*?" cannot (\w+) resource "([^"]+)"/.exec(reason) ?? []
  if (verb !== undefined && resource !== undefined)
    return `the right to ${verb} ${resource} in namespace ${namespace} is missing (403); the Role rule is {apiGroups: [""], resources: ["${resource}"], verbs: ["${verb}"]}, and \`vipdoctor policy --nodes pod\` prints all of it`
  const level = /violates PodSecurity "([a-z]+):/.exec(reason)?.[1]
  if (level !== undefined)
    return `namespace ${namespace} has the label pod-security.kubernetes.io/enforce: ${level}, which refuses a pod that sees its node; --namespace names one with the level privileged`
  const hung = /failed calling webhook "([^"]+)"/.exec(reason)?.[1]
  if (hung !== undefined)
    return `the admission webhook ${hung} does not answer, so no pod can be made (${reason.slice(0, 200)})`
  const denied = /admission webhook "([^"]+)" denied the request: (.*)/.exec(reason)
  if (denied !== null) return `the admission webhook ${denied[1] ?? ''} refuses the pod: ${denied[2] ?? ''}`
  if (status === 404 && /namespaces "[^"]+" not found/.test(reason))
    return `there is no namespace ${namespace}; --node-namespace names another`
  const kubelet = /error (?:sending request|dialing backend): (?:Post "[^"]*": )?(.*)/.exec(reason)?.[1]
  if (kubelet !== undefined) return `the API server does not reach the node's kubelet (${kubelet})`
  return status === 403 ? `the API server refuses the pod: ${reason}` : reason
}
