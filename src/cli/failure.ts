import { UserError } from '../evidence/user-error.ts'
import { formatsFor } from '../report/formats.ts'
import { plain } from '../report/paint.ts'
import { ordinary } from '../report/text/text.ts'
import type { Failure } from '../report/reporter.ts'
import type { Tool } from '../report/tool.ts'
import { exitCodes } from './exit.ts'
import { Interruption } from './interrupt.ts'
import { writeReport, type OutputFile } from './output-files.ts'

/** Ctrl-C, or a pipeline that was cancelled, before anything was judged. */
export const interrupted: Failure = {
  exitCode: exitCodes.interrupted,
  message: 'Interrupted before anything was judged.',
  suggestion: null,
}

/**
 * Runs what writes the reports. Where it gives or throws a failure instead, each file gets a report that says so; what was thrown is thrown on.
 */
export async function reportingFailures(
  files: readonly OutputFile[],
  tool: Tool,
  run: () => Promise<Failure | null>,
): Promise<void> {
  const write = async (failure: Failure): Promise<void> => {
    for (const { format, path } of files)
      await writeReport(path, [formatsFor(plain, ordinary)[format].failed(failure, tool)])
  }
  let failure: Failure | null
  try {
    failure = await run()
  } catch (error) {
    await write(failureOf(error))
    throw error
  }
  if (failure !== null) await write(failure)
}

/** A user's mistake ends with exit code 2, an interruption with 130, everything else is a bug of this program (4). */
function failureOf(error: unknown): Failure {
  if (error instanceof UserError)
    return { exitCode: exitCodes.usage, message: error.message, suggestion: error.suggestion }
  if (error instanceof Interruption) return interrupted
  return {
    exitCode: exitCodes.bug,
    message: `A bug in vipdoctor, not a finding: ${error instanceof Error ? error.message : String(error)}`,
    suggestion: 'Please report it with what stands on standard error.',
  }
}
