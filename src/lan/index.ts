/** `lastword/lan`: RMCP, IPMI 1.5 and 2.0 sessions as machines, both sides. */
export * from './accounts.ts'
export * from './cipher-suites.ts'
export * from './client.ts'
export * from './client-options.ts'
export * from './quirks.ts'
export * from './rmcp.ts'
export * from './server.ts'
export * from './server-session.ts'
