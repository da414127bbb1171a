/** Finds the shared libraries that a program of this system needs, through ldd(1). */
import { LastwordError } from '../../protocol/error.ts'
import { runProgram } from './run-program.ts'

export async function sharedLibraries(program: string): Promise<string[]> {
  const { stdout, stderr, exitCode } = await runProgram('ldd', [program])
  const printed = stdout.toString()
  if (exitCode !== 0 && !/not a dynamic executable/.test(printed + stderr)) {
    throw new LastwordError('PROGRAM_FAILED', `ldd cannot read ${program}: ${stderr.trim()}`)
  }
  return parseLdd(printed, program)
}

/** Reads what ldd prints; a static program has no libraries. */
export function parseLdd(printed: string, program: string): string[] {
  const missing = /^\s*(\S+) => not found/m.exec(printed)?.[1]
  if (missing) {
    throw new LastwordError(
      'LIBRARY_MISSING',
      `${program} needs ${missing}, which is not on this system; reinstall it`,
    )
  }
  const paths = [...printed.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)]
  return paths.map(match => match[1]!)
}
