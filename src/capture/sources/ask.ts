import { spawn } from 'node:child_process'
import { UserError } from '../../evidence/user-error.ts'
import type { Address } from '../../net/address.ts'

/**
 * Asks three times for the hardware address of a neighbour, and sends nothing else: by arping for IPv4 (both programs of that name take
 * these flags), by ndisc6 for IPv6. What is answered shows in the capture.
 * @throws UserError where the program is not there.
 */
export async function askNeighbour(interfaceName: string, address: Address, signal: AbortSignal): Promise<void> {
  const [program, flags, debian] =
    address.family === 4
      ? (['arping', ['-c', '3', '-I', interfaceName, address.text], 'arping'] as const)
      : (['ndisc6', ['-m', '-n', '-r', '3', address.text, interfaceName], 'ndisc6'] as const)
  const child = spawn(program, flags, { stdio: 'ignore', signal, killSignal: 'SIGKILL' })
  const timer = setTimeout(() => child.kill('SIGKILL'), longestMs)
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('exit', () => {
        resolve()
      })
      child.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT')
          reject(
            new UserError(`--probe asks by ${program}, which is not on this machine.`, `apt-get install ${debian}`),
          )
        else resolve()
      })
    })
  } finally {
    clearTimeout(timer)
  }
}

/** Three questions, a second apart, and a little. */
const longestMs = 5000
