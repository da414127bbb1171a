/** `lastword/si`: the system interface driver and its machines. */
export * from './driver.ts'
export * from './kcs.ts'
export * from './machine.ts'
export * from './panic-policy.ts'
export * from './patience.ts'
export * from './smi-msg.ts'
