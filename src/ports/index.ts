/** `lastword/ports`: ways to an interface's registers. */
export * from './kcs-registers.ts'
export * from './register-port.ts'
