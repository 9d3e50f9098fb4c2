// What this program uses of the Kubernetes client: the rest of it, its thousand models above all, is not in the built program.

export { KubeConfig } from '@kubernetes/client-node'
