import type { Service } from '../../evidence/kubernetes/kinds.ts'
import { jsonWord, sh, type Command } from '../../net/shell.ts'

const prefixes = ['metallb.io', 'metallb.universe.tf'] as const

/** Lines that take back the addresses for which a Service asks MetalLB, in each way in which it asks. */
export const dropAddresses = (service: Service): readonly Command[] => [
  ...dropAnnotation(service, 'loadBalancerIPs'),
  ...dropField(service),
]

/** The line that takes away an annotation of MetalLB, under the old prefix too; none where the Service has it under neither. */
export function dropAnnotation({ metadata }: Service, name: string): readonly Command[] {
  const keys = prefixes.map((prefix) => `${prefix}/${name}`).filter((key) => metadata?.annotations?.[key] !== undefined)
  const { namespace = 'default', name: service } = metadata ?? {}
  return keys.length === 0
    ? []
    : [sh`kubectl -n ${namespace} annotate service ${service} ${keys.map((key) => `${key}-`)}`]
}

/** The line that takes away spec.loadBalancerIP; none where it is not set. */
export function dropField({ metadata, spec }: Service): readonly Command[] {
  const { namespace = 'default', name } = metadata ?? {}
  const patch = jsonWord({ spec: { loadBalancerIP: null } })
  return (spec?.loadBalancerIP ?? '') === ''
    ? []
    : [sh`kubectl -n ${namespace} patch service ${name} --type merge -p ${patch}`]
}

/**
 * The lines that delete a Service and create it again, with a filter of jq on what it was; the file stays as a copy. For fields that cannot
 * be changed.
 */
export function recreated({ metadata }: Service, filter: string): readonly Command[] {
  const { namespace = 'default', name } = metadata ?? {}
  const kept = 'del(.metadata.resourceVersion, .metadata.uid, .status, .spec.clusterIP, .spec.clusterIPs)'
  return [
    sh`kubectl -n ${namespace} get service ${name} -o json > ${name}.json`,
    sh`jq ${{ word: filter === '' ? kept : `${filter} | ${kept}` }} ${name}.json | kubectl replace --force -f -`,
  ]
}
