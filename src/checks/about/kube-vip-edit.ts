import type { KubeVipPod } from '../../lb/kube-vip/pods.ts'

/** The command that opens the settings of a kube-vip pod: its DaemonSet, or its manifest on the node. */
export const editOf = ({ pod }: KubeVipPod): string =>
  pod.metadata?.ownerReferences?.some(({ kind }) => kind === 'DaemonSet') === true
    ? `kubectl -n ${pod.metadata.namespace ?? 'kube-system'} edit daemonset ${pod.metadata.ownerReferences.find(({ kind }) => kind === 'DaemonSet')?.name ?? 'kube-vip-ds'}`
    : `ssh ${pod.spec?.nodeName ?? 'NODE'} sudo vi /etc/kubernetes/manifests/kube-vip.yaml`

/** The same for several pods, each command once: the pods of a DaemonSet share theirs. */
export const editsOf = (pods: readonly KubeVipPod[]): readonly string[] => [...new Set(pods.map(editOf))]
