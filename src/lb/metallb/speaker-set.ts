import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { perEvidence } from '../../evidence/memo.ts'
import type { DaemonSet } from '../no-pod.ts'
import { metallbSettings } from './install.ts'

/** The DaemonSet of the speakers; null where there is none. */
export const speakerSet = perEvidence((evidence: Evidence): DaemonSet | null => {
  const { namespace } = metallbSettings(evidence)
  return (
    (known(evidence.kubernetes.daemonsets) ?? []).find(({ metadata, spec }) => {
      const labels = spec?.template?.metadata?.labels ?? {}
      const component = labels.component ?? labels['app.kubernetes.io/component']
      return metadata?.namespace === namespace && (component === 'speaker' || metadata.name === 'speaker')
    }) ?? null
  )
})
