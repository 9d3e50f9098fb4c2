import type { KubeVipPod } from '../../lb/kube-vip/pods.ts'
import { sh, type Command } from '../../net/shell.ts'

/** An environment variable of kube-vip, as its manifest sets it. */
export interface Setting {
  readonly name: string
  readonly value: string
}

/**
 * Lines that change settings of kube-vip: of a DaemonSet as one command where the value is known, else an editor behind a copy; of a static
 * pod its manifest on the node. The copy lies outside the folder, of which kubelet runs every file.
 */
export function settingCommands(pods: readonly KubeVipPod[], setting: Setting | null = null): readonly Command[] {
  return pods.flatMap(({ pod: { metadata, spec } }) => {
    const owner = metadata?.ownerReferences?.find(({ kind }) => kind === 'DaemonSet')
    const { namespace = 'kube-system' } = metadata ?? {}
    if (owner === undefined)
      return [
        sh`ssh ${spec?.nodeName} sudo cp /etc/kubernetes/manifests/kube-vip.yaml /root/kube-vip.yaml.before`,
        sh`ssh -t ${spec?.nodeName} sudo vi /etc/kubernetes/manifests/kube-vip.yaml`,
      ]
    if (setting !== null)
      return [sh`kubectl -n ${namespace} set env daemonset/${owner.name} ${`${setting.name}=${setting.value}`}`]
    return [
      sh`kubectl -n ${namespace} get daemonset ${owner.name} -o yaml > ${owner.name}.before.yaml`,
      sh`kubectl -n ${namespace} edit daemonset ${owner.name}`,
    ]
  })
}
