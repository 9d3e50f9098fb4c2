import type { KubernetesObject } from '../../evidence/kubernetes/kinds.ts'
import { sh, word, type Command } from '../../net/shell.ts'

/** Makes an object of MetalLB's again in the namespace where MetalLB reads it, and deletes it where it is. */
export function moved(
  plural: string,
  { metadata }: Pick<KubernetesObject<'ipaddresspools'>, 'metadata'>,
  namespace: string,
): readonly Command[] {
  const { namespace: from = 'default', name } = metadata ?? {}
  const there = `.metadata = {name: .metadata.name, namespace: ${JSON.stringify(namespace)}} | del(.status)`
  return [
    sh`kubectl -n ${from} get ${plural}.metallb.io ${name} -o json | jq ${word(there)} | kubectl apply -f -`,
    sh`kubectl -n ${from} delete ${plural}.metallb.io ${name}`,
  ]
}
