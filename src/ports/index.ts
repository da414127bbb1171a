/** `lastword/ports`: ways to an interface's registers. */
export * from './dev-port.ts'
export * from './device-calls.ts'
export * from './foreign.ts'
export * from './kcs.ts'
export * from './kcs-registers.ts'
export * from './qtest-port.ts'
export * from './register-port.ts'
