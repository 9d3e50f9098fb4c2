import { noWords, type Announcer } from '../announcer.ts'
import { kubeOvnName } from './vips.ts'

/** Kube-OVN's own VIPs: OVN carries them from pod to pod, and no node announces them. */
export const kubeOvn: Announcer<'Kube-OVN'> = {
  name: 'Kube-OVN',
  serves: (_, question) =>
    question.about === 'kube-ovn' ? { by: 'mark', why: `it is of ${kubeOvnName(question.kubeOvn)}`, proof: [] } : null,
  refuses: () => null,
  announces: () => ({ observed: [], predicted: null, byBgp: [], eligible: [], told: null }),
  judged: true,
  words: noWords,
}
