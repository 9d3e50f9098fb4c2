import { accessSync, constants, existsSync, realpathSync, renameSync, rmSync, statSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../evidence/user-error.ts'
import { formatNames, type FormatName } from '../report/formats.ts'

/** A report that goes into a file beside what is printed. */
export interface OutputFile {
  readonly format: FormatName
  readonly path: string
}

/**
 * Reads `--output-file FORMAT=PATH`. `evidence`: files and folders that the command reads or saves; a former report is replaced, they never are.
 *
 * @throws UserError for a format that is none, a path named twice or among the evidence, and a place that cannot hold a file: before minutes
 * of reading.
 */
export function parseOutputFiles(
  given: readonly string[] = [],
  evidence: readonly string[] = [],
): readonly OutputFile[] {
  const files = given.map(parseOne)
  for (const [index, { path: name }] of files.entries()) {
    const place = realPlace(name)
    const over = evidence.find((one) => `${place}${path.sep}`.startsWith(`${realPlace(one)}${path.sep}`))
    if (over !== undefined)
      throw new UserError(
        `${name} cannot be written: ${realPlace(over) === place ? 'it' : `it lies in ${over}, which`} is read or saved by this command.`,
        'A report never takes the place of evidence. Name another file.',
      )
    if (files.slice(0, index).some((other) => path.resolve(other.path) === path.resolve(name)))
      throw new UserError(`--output-file names ${name} twice.`)
  }
  return files
}

function parseOne(text: string): OutputFile {
  const [name = '', ...rest] = text.split('=')
  const format = formatNames.find((one) => one === name)
  const file = rest.join('=')
  if (format === undefined || file === '')
    throw new UserError(
      `--output-file ${text} is not FORMAT=PATH.`,
      `For example: --output-file junit=vipdoctor.xml. The formats are ${formatNames.join(', ')}.`,
    )
  const folder = path.dirname(path.resolve(file))
  if (!existsSync(folder)) throw new UserError(`${file} cannot be written: there is no directory ${folder}.`)
  if (thereAt(file)?.isDirectory() === true) throw new UserError(`${file} cannot be written: it is a directory.`)
  return { format, path: file }
}

/** A place without links, also where nothing is there yet. */
function realPlace(file: string): string {
  const whole = path.resolve(file)
  for (let there = whole; ; there = path.dirname(there)) {
    try {
      return path.join(realpathSync(there), path.relative(there, whole))
    } catch {
      if (there === path.dirname(there)) return whole
    }
  }
}

/** What is at a place; null where nothing is. @throws UserError for a name that no file can have, or a link to itself. */
function thereAt(file: string): Stats | null {
  try {
    return statSync(file, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UserError(`${file} cannot be written: ${message}.`, null, { cause: error })
  }
}

/**
 * Writes a report. Its name appears when all is written, by a rename, so nobody meets half a file under it; a pipe or a device is written to
 * as it is, and so is a file in a folder that takes no other one (a container's termination log).
 *
 * @throws UserError where the place cannot be written to.
 */
export async function writeReport(file: string, chunks: Iterable<string>): Promise<void> {
  const there = thereAt(file)
  const direct = there !== null && !(there.isFile() && isWritable(path.dirname(path.resolve(file))))
  const target = direct ? file : `${file}.${process.pid}.part`
  try {
    // The file is there before the first chunk: a stream that opens it by itself may do so after it has been taken away.
    const opened = await open(target, 'w')
    await pipeline(Readable.from(chunks), opened.createWriteStream({ flush: !direct }))
    if (!direct) renameSync(target, file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UserError(`${file} cannot be written: ${message}.`, null, { cause: error })
  } finally {
    if (!direct) rmSync(target, { force: true })
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
