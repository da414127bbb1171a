/** `lastword/lab`: the Panic Lab. */
export * from './at-step.ts'
export * from './explore.ts'
export * from './fate.ts'
export { Rig, type RigOptions } from './rig.ts'
export * from './step.ts'
export { type Cell, panicTable } from './table.ts'
