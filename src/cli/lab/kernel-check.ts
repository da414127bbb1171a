/** Which options of `lastword lab kernel` go together; what does not is said before anything is fetched or booted. */
import { isPlace, isStep } from '../../lab/kernel/cuts/cut-at.ts'
import { MOST_JOBS } from '../../lab/kernel/cuts/twins.ts'
import { UsageError } from '../params.ts'
import type { LabKernelOptions } from './kernel-options.ts'

const sweeps = ['--every-instruction', '--every-store', '--sample'] as const

/** The options that ask for cuts at exact instructions or moments; without any the points of the protocol are cut. */
function exactWays(options: LabKernelOptions): string[] {
  return [
    ...(options.at === undefined ? [] : ['--at']),
    ...(options.everyInstruction === undefined ? [] : ['--every-instruction']),
    ...(options.everyStore === undefined ? [] : ['--every-store']),
    ...(options.sample === undefined ? [] : ['--sample']),
    ...(options.random === undefined ? [] : ['--random']),
  ]
}

/** At exact instructions, and not at points of the protocol. */
export function isExact(options: LabKernelOptions): boolean {
  return exactWays(options).length > 0 || options.compare === true || options.svg !== undefined
}

export function checkOptions(options: LabKernelOptions): void {
  if (options.from !== undefined) return checkFrom(options)
  const exact = exactWays(options)
  const asked = options.cut === undefined ? exact : [...exact, '--cut']
  if (asked.length > 1) throw new UsageError(`${asked.join(' and ')} do not go together`)
  if (!isExact(options)) refuseLonely(options)
  else if (options.cpus === 'both')
    throw new UsageError('--cpus both is for points of the protocol; take 1 or 2')
  if (isExact(options) && options.cut !== undefined)
    throw new UsageError('--cut needs the points of the protocol')
  checkPlaces(options)
  checkWay(options)
  checkJobs(options)
}

/** Options that say how something is cut, and nothing is cut in that way. */
function refuseLonely(options: LabKernelOptions): void {
  const [lonely] = [
    ...(options.hit === undefined ? [] : ['--hit']),
    ...(options.traffic === undefined ? [] : ['--traffic']),
    ...(options.panicOp === 'string' ? [] : ['--panic-op']),
    ...(options.watchdog === undefined ? [] : ['--watchdog']),
  ]
  if (lonely !== undefined)
    throw new UsageError(`${lonely} needs --at, ${sweeps.join(', ')}, --random or --compare`)
}

function checkPlaces(options: LabKernelOptions): void {
  if (options.hit !== undefined && options.at === undefined) throw new UsageError('--hit needs --at')
  if (options.read !== undefined && options.at === undefined) throw new UsageError('--read needs --at')
  const noPlace = options.at?.find(place => !isPlace(place))
  if (noPlace !== undefined) {
    throw new UsageError(
      `'${noPlace}' is no step and not of the form [MODULE:]SYMBOL[+OFFSET][/INSTRUCTIONS]`,
    )
  }
  if (options.compare !== true && options.svg === undefined) return
  if (options.random !== undefined) throw new UsageError('--random has no steps to compare')
  const noStep = options.at?.find(place => !isStep(place))
  if (noStep !== undefined) {
    throw new UsageError(
      `'${noStep}' is no step of the mail: --compare and --svg have a column for each step only`,
    )
  }
}

function checkWay(options: LabKernelOptions): void {
  const isEvery = options.everyInstruction !== undefined || options.everyStore !== undefined
  if (options.instructions !== undefined && !isEvery) {
    throw new UsageError('--instructions needs --every-instruction or --every-store')
  }
  if (options.check !== undefined && options.everyStore === undefined) {
    throw new UsageError('--check needs --every-store')
  }
}

/** Each machine takes memory, a processor, and a drive of snapshots. */
function checkJobs(options: LabKernelOptions): void {
  const { jobs } = options
  if (jobs === undefined) return
  const shared = [...sweeps, '--random']
  if (!exactWays(options).some(way => shared.includes(way))) {
    throw new UsageError(`--jobs needs ${sweeps.join(', ')} or --random: nothing else is shared`)
  }
  if (jobs > MOST_JOBS) throw new UsageError(`--jobs ${jobs} is more than ${MOST_JOBS} machines`)
  if (jobs > 1 && options.cpus === '2') {
    throw new UsageError(
      '--jobs and --cpus 2 do not go together: with two processors no two machines go the same way',
    )
  }
}

function checkFrom(options: LabKernelOptions): void {
  const { from: _, svg: __, interface: way, panicOp, ...others } = options
  const isCut = Object.keys(others).length > 0 || way !== 'kcs' || panicOp !== 'string'
  if (isCut) throw new UsageError('--from goes with --svg only: it cuts nothing')
}
