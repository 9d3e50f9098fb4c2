import { statSync } from 'node:fs'
import { openInput, readRegularFile, tooLarge } from '../../evidence/input.ts'

/** Thousands of contexts, with their certificates, are some megabytes. */
const mostOfKubeconfig = 64 * 1024 ** 2

/** What came out of pipes (`--kubeconfig <(…)`): it comes once, and each reading of a cluster asks for it, those of `--wait` for instance. */
const piped = new Map<string, string>()

/**
 * The text of a kubeconfig, which is a file or a pipe.
 *
 * @throws the signal's reason where it ends the waiting for a pipe; UnreadableError, or the system's error, for what cannot be read.
 */
export async function kubeconfigText(file: string, signal: AbortSignal): Promise<string> {
  if (!statSync(file).isFIFO()) return readRegularFile(file, mostOfKubeconfig).toString()
  const text = piped.get(file) ?? (await readPipe(file, signal))
  piped.set(file, text)
  return text
}

async function readPipe(file: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted()
  const input = openInput(file)
  const end = (): void => {
    input.destroy(signal.reason as Error)
  }
  signal.addEventListener('abort', end)
  try {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of input as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > mostOfKubeconfig) throw tooLarge(mostOfKubeconfig)
    }
    return Buffer.concat(chunks).toString()
  } finally {
    signal.removeEventListener('abort', end)
    input.destroy()
  }
}
