import { createRequire } from 'node:module'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

// An HTTP server that speaks EC2's query protocol: form in, XML out, with filters, pages and the faults that a healthy account does not have.
// The names of XML elements come from the SDK's own schemas, so any recorded answer of `aws ec2 … --output json` can be served.

interface Schema {
  isStructSchema: () => boolean
  isListSchema: () => boolean
  getValueSchema: () => Schema
  getMergedTraits: () => { xmlName?: string }
  structIterator: () => Iterable<[string, Schema]>
}
const require = createRequire(import.meta.url)
const sdk = require('@aws-sdk/client-ec2') as Record<string, unknown>
const { NormalizedSchema } = createRequire(require.resolve('@aws-sdk/client-ec2'))('@smithy/core/schema') as {
  NormalizedSchema: { of: (schema: unknown) => Schema }
}

type Item = Record<string, unknown>

export type Fault =
  | {
      readonly error: string
      readonly status: number
      readonly message?: string
      readonly times?: number
      readonly retryAfter?: number
    }
  | { readonly never: true }
  | { readonly cut: true; readonly times?: number }
  /** A byte now and then, or bytes without end. */
  | { readonly pours: 'drops' | 'flood' }
  /** Pages that lead to themselves, or each to another. */
  | { readonly pages: 'circle' | 'endless' }
  | { readonly body: string }

export interface Ec2Server {
  readonly url: string
  readonly asked: { readonly action: string; readonly parameters: URLSearchParams }[]
  readonly close: () => Promise<void>
}

export interface Ec2ServerOptions {
  /** Answers by action; `GetSubnetCidrReservations:subnet-1` for those that are asked by id. */
  readonly answers: Readonly<Record<string, Item>>
  readonly faults?: Readonly<Record<string, Fault>>
  /** The most items that a page holds, whatever the caller asked for. */
  readonly pageSize?: number
}

/** Starts the server. It refuses, loudly, every action that does not only read. */
export async function ec2Server({ answers, faults = {}, pageSize = Infinity }: Ec2ServerOptions): Promise<Ec2Server> {
  const asked: { action: string; parameters: URLSearchParams }[] = []
  const left = new Map(
    Object.entries(faults).map(([action, fault]) => [action, 'times' in fault ? (fault.times ?? Infinity) : Infinity]),
  )
  const answer = (body: string, response: http.ServerResponse): void => {
    const parameters = new URLSearchParams(body)
    const action = parameters.get('Action') ?? ''
    asked.push({ action, parameters })
    if (!/^(Describe|Get)[A-Z]/.test(action)) throw new Error(`a collector called ${action}`)
    const fault = faults[action] ?? faults['*']
    const key = action in faults ? action : '*'
    if (fault !== undefined && (left.get(key) ?? 0) > 0) {
      left.set(key, (left.get(key) ?? 0) - 1)
      if ('never' in fault) return
      if ('cut' in fault) {
        response.writeHead(200, { 'content-length': '1000' }).write('<Describe')
        response.destroy()
        return
      }
      if ('pours' in fault) {
        pour(response, fault.pours)
        return
      }
      if ('pages' in fault) {
        const NextToken = fault.pages === 'circle' ? 'again' : String(asked.length)
        response.writeHead(200).end(xml(action, { ...nothing(action), NextToken }))
        return
      }
      if ('body' in fault) {
        response.writeHead(200).end(fault.body)
        return
      }
      const { error, status, message = 'You may not.', retryAfter } = fault
      response
        .writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
        .end(
          `<Response><Errors><Error><Code>${error}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`,
        )
      return
    }
    if (action === 'GetCallerIdentity') {
      const { UserId, Account, Arn } = answers.GetCallerIdentity ?? {}
      response.end(
        `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${String(Arn)}</Arn><UserId>${String(UserId)}</UserId><Account>${String(Account)}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      )
      return
    }
    const id = parameters.get('SubnetId') ?? parameters.get('PrefixListId')
    const found = answers[id === null ? action : `${action}:${id}`] ?? nothing(action)
    response
      .writeHead(200, { 'content-type': 'text/xml' })
      .end(xml(action, paged(filtered(found, parameters), parameters, pageSize)))
  }
  const server = http.createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      answer(body, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => {
          resolve()
        })
      }),
  }
}

function pour(response: http.ServerResponse, how: 'drops' | 'flood'): void {
  response.writeHead(200).write('<Response>')
  const chunk = Buffer.alloc(1 << 16, ' ')
  const timer = setInterval(
    () => {
      if (how === 'drops') response.write(' ')
      else while (response.write(chunk));
    },
    how === 'drops' ? 50 : 1,
  )
  response.once('close', () => {
    clearInterval(timer)
  })
}

const paths: Readonly<Record<string, readonly string[]>> = {
  'vpc-id': ['VpcId'],
  'attachment.vpc-id': ['Attachments', 'VpcId'],
  'group-id': ['GroupId'],
  'addresses.private-ip-address': ['PrivateIpAddresses', 'PrivateIpAddress'],
  'private-ip-address': ['Instances', 'PrivateIpAddress'],
  'instance-id': ['Instances', 'InstanceId'],
  domain: ['Domain'],
}

function filtered(answer: Item, parameters: URLSearchParams): Item {
  let kept = answer
  for (let n = 1; parameters.has(`Filter.${String(n)}.Name`); n += 1) {
    const name = parameters.get(`Filter.${String(n)}.Name`) ?? ''
    const wanted = new Set<unknown>()
    for (const [key, value] of parameters) if (key.startsWith(`Filter.${String(n)}.Value.`)) wanted.add(value)
    if (wanted.size > 200) throw new Error('more than 200 values in a filter')
    kept = Object.fromEntries(
      Object.entries(kept).map(([member, items]) => {
        const path = member === 'Reservations' && name === 'vpc-id' ? ['Instances', 'VpcId'] : paths[name]
        if (path === undefined) throw new Error(`the test server has no filter ${name}`)
        return [member, (items as Item[]).filter((item) => valuesAt(item, path).some((value) => wanted.has(value)))]
      }),
    )
  }
  return kept
}

function valuesAt(item: unknown, path: readonly string[]): unknown[] {
  const [first, ...rest] = path
  if (Array.isArray(item)) return item.flatMap((one) => valuesAt(one, path))
  if (first === undefined) return [item]
  return typeof item === 'object' && item !== null ? valuesAt((item as Item)[first], rest) : []
}

function paged(answer: Item, parameters: URLSearchParams, pageSize: number): Item {
  const [first] = Object.entries(answer)
  if (first === undefined || !Array.isArray(first[1])) return answer
  const asked = parameters.get('MaxResults')
  const size = asked === null ? Infinity : Math.min(Number(asked), pageSize)
  const from = Number(parameters.get('NextToken') ?? '0')
  const page = first[1].slice(from, from + size)
  return { ...answer, [first[0]]: page, ...(from + size < first[1].length ? { NextToken: String(from + size) } : {}) }
}

/** As EC2 says that there is nothing: with the elements of its lists. */
function nothing(action: string): Item {
  const lists: Item = {}
  for (const [name, member] of outputOf(action).structIterator()) if (member.isListSchema()) lists[name] = []
  return lists
}

const outputOf = (action: string): Schema => NormalizedSchema.of((sdk[`${action}$`] as readonly unknown[])[5])

function xml(action: string, answer: Item): string {
  return `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${members(outputOf(action), answer)}</${action}Response>`
}

function members(schema: Schema, value: Item): string {
  let text = ''
  for (const [name, member] of schema.structIterator()) {
    if (value[name] !== undefined) text += element(member.getMergedTraits().xmlName ?? name, member, value[name])
  }
  return text
}

function element(name: string, schema: Schema, value: unknown): string {
  if (schema.isListSchema()) {
    const inner = schema.getValueSchema()
    return `<${name}>${(value as unknown[]).map((item) => element('item', inner, item)).join('')}</${name}>`
  }
  if (schema.isStructSchema()) return `<${name}>${members(schema, value as Item)}</${name}>`
  return `<${name}>${String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</${name}>`
}
