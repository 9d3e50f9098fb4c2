import { fileURLToPath } from 'node:url'
import { UserError } from '../../evidence/user-error.ts'
import { withVlan, type FrameSource, type ListenOptions } from '../source.ts'
import { framesMayBeMissing } from './libpcap-said.ts'
import { endOf, readRunning } from './read-running.ts'
import { spawned } from './running.ts'

/** How the package is had, for the line that says that it is not there. */
export const howToGetCap = 'apt-get install libpcap-dev g++ make python3, then npm rebuild cap'

/**
 * Captures on an interface of this host by libpcap; null where the package cap was not built or does not load.
 * @throws UserError unless the capture may be promiscuous.
 */
export async function libpcapSource(
  interfaceName: string,
  { promiscuous, filter }: ListenOptions,
): Promise<FrameSource | null> {
  if (!promiscuous)
    throw new UserError(
      'The package cap, which brings libpcap, listens promiscuously only, and that can hide the very fault.',
      'Add --promiscuous, or leave it to tcpdump.',
    )
  const isThere = await import('cap').then(
    () => true,
    () => false,
  )
  if (!isThere) return null
  return {
    name: interfaceName,
    read: (wanted, take, signal, onListening) =>
      readRunning(spawned([process.execPath, program, interfaceName, withVlan(filter)]), {
        name: interfaceName,
        patienceMs: 5000,
        refusal: (said) => refusalOf(/^libpcap: (.+)/m.exec(said)?.[1] ?? '', interfaceName),
        dropped: (said, status) => (said.includes(framesMayBeMissing) ? 'some' : status === 0 ? 0 : null),
        lastWords: (said, status) =>
          // How the package cap takes it: see libpcap-program.ts.
          said.includes("Assertion `status == 0' failed")
            ? `${interfaceName} went down, or is no more`
            : `libpcap ${endOf(status)}`,
        wanted,
        take,
        signal,
        onListening,
      }),
  }
}

/** scripts/bundle.js puts it there. */
const program = fileURLToPath(
  import.meta.url.replace(/\/dist\/bundle\/.*$/, '/dist/bundle/capture/sources/libpcap-program.js'),
)

/** libpcap's words where it cannot capture (libpcap 1.10), as a sentence; null where it said none. */
function refusalOf(words: string, interfaceName: string): UserError | null {
  if (words === '') return null
  if (/permission|not permitted/i.test(words))
    return new UserError(
      `Capturing on ${interfaceName} needs a privilege that this user lacks.`,
      'Run it with sudo, or once: sudo setcap cap_net_raw+ep "$(readlink -f "$(command -v node)")"',
    )
  if (/No such device|ENOENT/.test(words))
    return new UserError(`There is no interface ${interfaceName}.`, '`ip -brief link` lists them.')
  return new UserError(`libpcap cannot capture on ${interfaceName}: ${words}.`)
}
