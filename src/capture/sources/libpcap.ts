import type { Handle } from 'cap'
import { UserError } from '../../evidence/user-error.ts'
import { linkTypes } from '../link-types.ts'
import { withVlan, type FrameSource, type ListenOptions } from '../source.ts'

/*
 * What the package cap 0.2.1 does (src/binding.cc), and what follows from it here:
 * - It always opens an interface promiscuously. Its device "any" would not be, but behind `ifindex N and …` libpcap 1.10 loses the first
 *   frame (it filters once more outside the kernel, where it knows no `ifindex`) and the frames' destinations.
 * - It asks for frames of 65535 bytes, so the kernel's buffer has few places.
 * - It does not hand out pcap_stats: lost frames cannot be counted. That none was lost can be shown, see `places`.
 * - It does not hand out the kernel's time: a frame has the time at which it was read.
 * - It reads on as long as there are frames, and lets nothing else run in the meantime.
 */

/** What the kernel's buffer takes. As each place is a power of two behind 65535 bytes, the kernel uses twice as much. */
const bufferBytes = 32 << 20
/** The buffer has at least so many places. Between two moments at which it was empty fewer frames came: none can have been lost. */
const places = 500
/** After so long without a pause, reading ends and begins anew, so that Ctrl-C and the clock are heard. */
const longestBurstNs = 250_000_000n

/** A handle that was collected while libuv still lists what it polls would corrupt that list: cap takes nothing off it. */
const kept: Handle[] = []

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
  const cap = await import('cap').then((module) => module.default).catch(() => null)
  if (cap === null) return null
  return {
    name: interfaceName,
    read: (wanted, take, signal, onListening) =>
      new Promise((resolve, reject) => {
        const listener = listen(
          () => new cap.Cap(),
          { device: interfaceName, filter: withVlan(filter) },
          {
            see: (timeNs, bytes, linkType) => {
              if (signal.aborted || !wanted(bytes, 0, bytes.length, linkType)) return
              take({ timeNs, linkType, bytes: Uint8Array.from(bytes), originalLength: bytes.length })
            },
            opened: () => onListening?.(),
            fail: (error) => {
              signal.removeEventListener('abort', end)
              reject(refusalOf(error, interfaceName))
            },
          },
        )
        function end(): void {
          // Other link types than Ethernet are refused when the device is opened.
          resolve({ cut: null, dropped: listener.close() ? 'some' : 0, frames: new Map() })
        }
        if (signal.aborted) end()
        else signal.addEventListener('abort', end, { once: true })
      }),
  }
}

interface Seeing {
  /** Sees each frame; `bytes` are good until it returns. */
  readonly see: (timeNs: bigint, bytes: Uint8Array, linkType: number) => void
  readonly opened: () => void
  /** Is told once why nothing more will come. */
  readonly fail: (error: unknown) => void
}

/** Listens until `close`, which says whether frames may have been lost. */
function listen(
  makeHandle: () => Handle,
  { device, filter }: { readonly device: string; readonly filter: string },
  { see, opened, fail }: Seeing,
): { readonly close: () => boolean } {
  const buffer = Buffer.alloc(65535)
  const clockNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
  let handle: Handle | null = null
  let inBurst = 0
  let burstNs = 0n
  let mayHaveLost = false

  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      close()
      fail(error)
    }
  }
  function open(): void {
    const made = makeHandle()
    kept.push(made)
    const linkType = linkTypeOf(made.open(device, filter, bufferBytes, buffer))
    handle = made
    made.on('packet', (length) => {
      const nowNs = process.hrtime.bigint()
      inBurst += 1
      if (inBurst === 1) {
        burstNs = nowNs
        setImmediate(() => (inBurst = 0))
      }
      if (inBurst >= places) mayHaveLost = true
      if (nowNs - burstNs > longestBurstNs) pause()
      guarded(() => {
        see(clockNs + nowNs, buffer.subarray(0, length), linkType)
      })
    })
  }
  /** Lets everything else run once. */
  function pause(): void {
    if (handle === null) return
    close()
    mayHaveLost = true
    paused = setImmediate(() => {
      guarded(open)
    })
  }
  let paused: NodeJS.Immediate | null = null
  function close(): boolean {
    if (paused !== null) clearImmediate(paused)
    handle?.close()
    handle = null
    return mayHaveLost
  }
  guarded(() => {
    open()
    opened()
  })
  return { close }
}

function linkTypeOf(name: string): number {
  if (name === 'ETHERNET') return linkTypes.ethernet
  throw new UserError(`The interface's frames are of a kind that is not read (${name}).`)
}

/** libpcap's words where it cannot capture (libpcap 1.10), as a sentence; what is no refusal of its is handed on. */
function refusalOf(error: unknown, interfaceName: string): Error {
  const words = error instanceof Error ? error.message : String(error)
  if (/permission|not permitted/i.test(words))
    return new UserError(
      `Capturing on ${interfaceName} needs a privilege that this user lacks.`,
      'Run it with sudo, or once: sudo setcap cap_net_raw+ep "$(readlink -f "$(command -v node)")"',
    )
  if (/No such device|ENOENT/.test(words))
    return new UserError(`There is no interface ${interfaceName}.`, '`ip -brief link` lists them.')
  return error instanceof Error ? error : new Error(words)
}
