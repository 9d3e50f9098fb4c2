import { execFileSync } from 'node:child_process'
import { daemon, freePort, tool, until } from './tools.ts'

// EC2 as moto plays it, in front of which the real AWS CLI and the real SDK stand.

export type Json = Record<string, unknown>

export interface Account {
  readonly url: string
  /** What a program needs in its environment to speak to this account and to no other. */
  readonly env: Readonly<Record<string, string>>
  /** The real CLI; what it prints is JSON, or nothing. */
  readonly aws: (...argv: string[]) => Json
  readonly ec2: (action: string, ...argv: string[]) => Json
  readonly stop: () => void
}

export const region = 'eu-central-1'

export const motoServer = tool('python/bin/moto_server')

export async function startAccount(): Promise<Account> {
  const port = await freePort()
  const url = `http://127.0.0.1:${String(port)}`
  const moto = daemon(motoServer, ['-H', '127.0.0.1', '-p', String(port)], {
    ...process.env,
    MOTO_EC2_LOAD_DEFAULT_AMIS: 'true',
  })
  await until(async () => (await fetch(`${url}/moto-api/`)).ok, moto)
  const env = {
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: url,
  }
  const aws = (...argv: string[]): Json => {
    const printed = execFileSync(tool('python/bin/aws'), [...argv, '--output', 'json'], {
      env: { ...process.env, ...env, AWS_PAGER: '' },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return printed.trim() === '' ? {} : (JSON.parse(printed) as Json)
  }
  return { url, env, aws, ec2: (action, ...argv) => aws('ec2', action, ...argv), stop: () => moto.kill('SIGKILL') }
}

/** The text at a path of keys in what the CLI printed. */
export const at = (value: unknown, ...path: string[]): string =>
  String(path.reduce((inner, key) => (inner as Json | undefined)?.[key], value))
