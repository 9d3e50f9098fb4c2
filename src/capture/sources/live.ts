import { UserError } from '../../evidence/user-error.ts'
import type { FrameSource, ListenOptions } from '../source.ts'
import { howToGetCap, libpcapSource } from './libpcap.ts'
import { NoTcpdump, tcpdumpSource } from './tcpdump.ts'

/** What listens on an interface: the program tcpdump, or libpcap in this process. */
export type Listener = 'libpcap' | 'tcpdump'

/**
 * Captures on an interface of this host. Where the asked way is not to be had the other one is taken, and `say` is told in one line.
 * tcpdump comes first where nothing is asked for: it alone counts the frames that the kernel dropped, has the kernel's times, and can
 * listen without being promiscuous (see libpcap.ts).
 *
 * @throws UserError where neither can capture.
 */
export async function liveSource(
  interfaceName: string,
  options: ListenOptions,
  { asked, say }: { readonly asked: Listener | undefined; readonly say: (line: string) => void },
): Promise<FrameSource> {
  const tcpdump = tcpdumpSource(interfaceName, options)
  if (asked === 'libpcap') {
    const libpcap = await libpcapSource(interfaceName, options)
    if (libpcap === null)
      say(`tcpdump listens: the package cap, which brings libpcap, is not built here (${howToGetCap})`)
    return libpcap ?? tcpdump
  }
  if (asked === 'tcpdump') return tcpdump
  return {
    name: interfaceName,
    read: (wanted, take, signal, onListening) =>
      tcpdump.read(wanted, take, signal, onListening).catch(async (error: unknown) => {
        if (!(error instanceof NoTcpdump && options.promiscuous)) throw error
        const libpcap = await libpcapSource(interfaceName, options)
        if (libpcap === null)
          throw new UserError(error.message, `apt-get install tcpdump; or for libpcap: ${howToGetCap}`, {
            cause: error,
          })
        say('libpcap listens, since there is no tcpdump: lost frames are not counted')
        return libpcap.read(wanted, take, signal, onListening)
      }),
  }
}
