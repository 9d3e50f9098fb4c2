import type { Evidence } from '../evidence.ts'
import { known } from '../gap.ts'

/** Whether Calico is told to use its eBPF data plane: FelixConfiguration `default` (Calico v3.30 documentation, "Enable the eBPF data plane"). */
export const hasBpf = ({ kubernetes: { felixconfigurations } }: Evidence): boolean =>
  (known(felixconfigurations) ?? []).some(
    ({ metadata, spec }) => metadata?.name === 'default' && spec?.bpfEnabled === true,
  )
